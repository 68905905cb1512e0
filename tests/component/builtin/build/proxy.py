"""A real registry behind a proxy that holds a request, or answers it with an error, on demand."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length")
"""Headers of one connection alone (RFC 9110, 7.6.1), and the length, which is counted anew."""


class Proxy:
    """Passes all on to `real` (HOST:PORT); `held` is called before, and may wait; `wrong` gives a status to answer."""

    def __init__(self, real: str) -> None:
        self.real = real
        self.held: Callable[[str, str], None] = lambda _method, _path: None
        self.wrong: Callable[[str, str], int] = lambda _method, _path: 0
        self.asked: list[str] = []

    def __enter__(self) -> Proxy:
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over whoever was killed while it asked."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    owner: Proxy
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _any(self) -> None:
        owner = self.owner
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        owner.held(self.command, path)
        owner.asked.append(f"{self.command} {path}")
        if status := owner.wrong(self.command, path):
            return self._answer(status, {}, b"")
        there = HTTPConnection(owner.real, timeout=60)
        try:
            # The registry names uploads by the host that it was asked for: it is to be ours.
            there.request(self.command, self.path, body or None, dict(self.headers.items()))
            answer = there.getresponse()
            content = answer.read()
            headers = {key: value for key, value in answer.getheaders() if key.lower() not in _HOP}
            if self.command == "HEAD":
                headers["Content-Length"] = answer.getheader("Content-Length") or "0"
            return self._answer(answer.status, headers, content)
        finally:
            there.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _any  # noqa: N815

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        try:
            self.send_response(status)
            for key, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except OSError:  # whoever asked was killed meanwhile
            self.close_connection = True
