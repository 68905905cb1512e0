"""A server that answers by raw bytes, and remembers what it was sent."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

_BODY = re.compile("^content-length: [1-9]", re.IGNORECASE | re.MULTILINE)
Reply = Callable[[str], Iterator[bytes]]
"""What is answered to a request, piece by piece."""


class Rude:
    """Each connection is one request; `seen` has them whole."""

    def __init__(self, reply: Reply) -> None:
        self.reply, self.seen = reply, list[str]()

    def __enter__(self) -> Rude:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._done = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        self._socket.close()

    def _serve(self) -> None:
        while not self._done.is_set():
            try:
                there, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(there,), daemon=True).start()

    def _answer(self, there: socket.socket) -> None:
        with there:
            try:
                asked = there.recv(65_536).decode()
                if _BODY.search(asked) and asked.endswith("\r\n\r\n"):
                    asked += there.recv(65_536).decode()  # its body comes by itself
                self.seen.append(asked)
                for piece in self.reply(asked):
                    there.sendall(piece)
                    if self._done.wait(0.001):
                        return
            except OSError:
                pass  # whoever asked has gone


def said(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return an answer with its length."""
    named = {"Content_Length": str(len(body)), "Connection": "close", **headers}
    lines = "".join(f"{key.replace('_', '-')}: {value}\r\n" for key, value in named.items())
    return f"HTTP/1.1 {status} x\r\n{lines}\r\n".encode() + body
