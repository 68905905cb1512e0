"""The sandbox as a server: start it, point any Kubernetes client at it, stop it."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from ..errors import Refused
from .access import Access
from .api import Api
from .controllers import Controllers
from .faults import Faults, Request
from .http import Application
from .store import Store

_SAVE = 1.0


class Sandbox:
    """A small Kubernetes API on a free port of the loopback interface.

    Args:
        state: a file that keeps all objects between two lives of the sandbox; None keeps nothing.

    Attributes:
        url: where it listens. kubeconfig: a file that points there.
        faults: what goes wrong, and when. access: what is not allowed. store: all objects.

    """

    def __init__(self, state: str | Path | None = None) -> None:
        self._state = Path(state) if state is not None else None
        self.store = Store()
        self.faults = Faults()
        self.access = Access(self.store)
        self._folder = ""
        self.url = self.kubeconfig = ""

    @property
    def requests(self) -> list[Request]:
        """The requests that arrived, in order."""
        return self.faults.requests

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start serving."""
        if self._state is not None:
            self.store.load(self._state)
            self.store.save(self._state)  # what can't be written is said before anything is served
        api = Api(self.store)
        self._application = Application(api, self.faults, self.access)
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", 0, self._application, threaded=True, request_handler=_Handler
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._controllers = Controllers(api)
        self._controllers.start()
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sandbox-http", daemon=True)
        ]
        if self._state is not None:
            self._threads.append(threading.Thread(target=self._keep, name="sandbox-state", daemon=True))
        for thread in self._threads:
            thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._folder = tempfile.mkdtemp(prefix="sternway-sandbox-")
        self.kubeconfig = str(Path(self._folder) / "kubeconfig")
        Path(self.kubeconfig).write_text(json.dumps(_kubeconfig(self.url)))

    def stop(self) -> None:
        """Stop serving, and save the state."""
        self._application.closing.set()
        self.store.close()
        self._server.shutdown()
        self._server.server_close()
        self._controllers.stop()
        for thread in self._threads:
            thread.join()
        if self._state is not None:
            self.store.save(self._state)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _keep(self) -> None:
        while not self._application.closing.wait(_SAVE):
            if self.store.dirty and self._state is not None:
                with suppress(Refused):  # tried again, and said when the sandbox stops
                    self.store.save(self._state)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log(self, type: str, message: str, *args: object) -> None:
        """Log nothing: `Sandbox.requests` holds every request."""


def _kubeconfig(url: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "sandbox", "cluster": {"server": url}}],
        "users": [{"name": "sandbox", "user": {"token": "sandbox"}}],
        "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox", "namespace": "default"}}],
        "current-context": "sandbox",
    }
