"""A proxy before an API server, which at the n-th request that may change something lets go wrong what can.

It speaks plain HTTP to the client and whatever the kubeconfig says to the server, so the client needs no credentials.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3
from sternway_steps.kube.connect import load


class Fault(StrEnum):
    """What goes wrong, once."""

    KILL_BEFORE = "kill-before"
    """The client is killed; the server never sees the request."""
    KILL_AFTER = "kill-after"
    """The server has answered when the client is killed."""
    CUT_BEFORE = "cut-before"
    """The connection ends without an answer; the server never sees the request."""
    CUT_AFTER = "cut-after"
    """The same, when the server has answered."""
    BUSY = "429"
    BROKEN = "500"
    AWAY = "503"

    @property
    def kills(self) -> bool:
        """Whether the client is dead afterwards."""
        return self in (Fault.KILL_BEFORE, Fault.KILL_AFTER)


_HOP = {"connection", "host", "content-length", "transfer-encoding", "keep-alive", "authorization"}
_CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass
class Armed:
    """The fault that is set; `met`: the request that met it; `seen`: how many changing requests came."""

    number: int = 0
    fault: Fault | None = None
    pid: int = 0
    seen: int = 0
    met: str = ""
    dead: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, method: str, path: str) -> Fault | None:
        """Count a request; give the fault when it is the one."""
        if method not in _CHANGING or "dryRun=All" in path or "selfsubjectaccessreviews" in path:
            return None
        with self.lock:
            self.seen += 1
            if self.seen != self.number:
                return None
            self.met = f"{method} {path.partition('?')[0]}"
            return self.fault

    def kill(self) -> None:
        """Kill the client; what it has sent and nobody has read yet is never forwarded."""
        self.dead = True
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


class Proxy(ThreadingHTTPServer):
    """Listens on a free port of the loopback interface; `kubeconfig` points there."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: str, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._access = load(upstream, None)
        self._pool = self._access.pool(64)
        self.armed = Armed()
        self._busy = 0
        self._quiet = threading.Condition()
        self._flows = threading.Event()
        self.stall: Callable[[str], bool] = lambda _: False
        """Requests with such a path are held back, and sent on when all flows again: the network delays them."""
        self.changes: list[str] = []
        """The requests that came and may change something, as METHOD PATH."""
        self.kubeconfig = str(folder / "proxied.kubeconfig")
        Path(self.kubeconfig).write_text(json.dumps(_kubeconfig(f"http://127.0.0.1:{self.server_port}")))

    @contextmanager
    def serving(self) -> Iterator[Proxy]:
        """Serve for a while."""
        thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            thread.join()
            self._pool.clear()

    def flow(self) -> None:
        """Send on all that was held back, and hold back nothing more."""
        self.stall = lambda _: False
        self._flows.set()

    def pass_by(self, path: str) -> None:
        """Wait while requests like this are held back."""
        if self.stall(path):
            assert self._flows.wait(120)

    def settle(self) -> None:
        """Wait until the server has answered all that may change something: a dead client's last words too."""
        with self._quiet:
            assert self._quiet.wait_for(lambda: self._busy == 0, 60), "requests hang"

    @contextmanager
    def busy(self, method: str) -> Iterator[None]:
        """Count a request that is under way."""
        if method not in _CHANGING:
            yield
            return
        with self._quiet:
            self._busy += 1
        try:
            yield
        finally:
            with self._quiet:
                self._busy -= 1
                self._quiet.notify_all()

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> urllib3.BaseHTTPResponse:
        """Send a request on; the body of the answer is read by the caller."""
        if authorization := self._access.authorization():
            headers["Authorization"] = authorization
        return self._pool.request(
            method,
            self._access.host + path,
            headers=headers,
            body=body,
            preload_content=False,
            redirect=False,
            retries=False,
        )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that die are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    def setup(self) -> None:
        super().setup()
        self._armed = self.server.armed

    def handle_one_request(self) -> None:
        with suppress(ConnectionError):
            super().handle_one_request()
            return
        self.close_connection = True

    def do_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        armed = self._armed
        if self.command in _CHANGING:
            self.server.changes.append(f"{self.command} {self.path.partition('?')[0]}")
        self.server.pass_by(self.path)
        with self.server.busy(self.command):
            if len(body or b"") < length or armed.dead:  # whoever sent it was killed on the way
                self.close_connection = True
                return
            self._answer(body, armed)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any  # noqa: N815  the names that http.server looks for

    def _answer(self, body: bytes | None, armed: Armed) -> None:
        fault = armed.take(self.command, self.path)
        if fault in (Fault.BUSY, Fault.BROKEN, Fault.AWAY):
            self._fail(int(fault.value))
            return
        if fault is Fault.KILL_BEFORE:
            armed.kill()
        if fault in (Fault.KILL_BEFORE, Fault.CUT_BEFORE):
            self.close_connection = True
            return
        sent = {key: value for key, value in self.headers.items() if key.lower() not in _HOP}
        response = self.server.forward(self.command, self.path, sent, body)
        if fault in (Fault.KILL_AFTER, Fault.CUT_AFTER):
            response.read()
            response.release_conn()
            if fault is Fault.KILL_AFTER:
                armed.kill()
            self.close_connection = True
            return
        self._pass_on(response)

    def _pass_on(self, response: urllib3.BaseHTTPResponse) -> None:
        streams = "watch=" in self.path or "follow=" in self.path
        body = b"" if streams else response.read(decode_content=False)
        self.send_response(response.status)
        for key, value in response.headers.items():
            if key.lower() not in _HOP:
                self.send_header(key, value)
        self.send_header(*(("Transfer-Encoding", "chunked") if streams else ("Content-Length", str(len(body)))))
        self.end_headers()
        if not streams:
            self.wfile.write(body)
            response.release_conn()
            return
        try:
            while piece := response.read1():
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        finally:
            response.close()

    def _fail(self, status: int) -> None:
        body = json.dumps(
            {"kind": "Status", "status": "Failure", "message": "a fault was set", "code": status}
        ).encode()
        self.send_response(status)
        if status == int(Fault.BUSY.value):
            self.send_header("Retry-After", "1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _kubeconfig(url: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": "proxied",
        "clusters": [{"name": "proxied", "cluster": {"server": url}}],
        "users": [{"name": "proxied", "user": {}}],
        "contexts": [{"name": "proxied", "context": {"cluster": "proxied", "user": "proxied", "namespace": "default"}}],
    }  # fmt: skip
