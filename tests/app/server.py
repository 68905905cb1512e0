"""A web service to deploy in tests: good, or bad in the way that APP_MODE names.

GET / answers with the version and the pod's name, GET /ready whether it is ready. APP_MODE: ok; slow (ready after APP_AFTER);
unready (never ready); crash (ends with an error after APP_AFTER); hang (takes connections and does not answer).
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION, MODE = os.environ.get("APP_VERSION", "1"), os.environ.get("APP_MODE", "ok")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """Read a duration such as 2s, 1m30s or 500ms."""
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h)", text))


AFTER = seconds(os.environ.get("APP_AFTER", "0s"))
READY = time.monotonic() + AFTER


class Handler(BaseHTTPRequestHandler):
    """Answers each path by the mode."""

    def do_GET(self) -> None:
        """Answer, or do not."""
        if self.path == "/ready":
            late = MODE == "unready" or (MODE == "slow" and time.monotonic() < READY)
            self._answer(503 if late else 200, "not ready\n" if late else "ready\n")
        elif MODE == "hang":
            threading.Event().wait()
        else:
            self._answer(200, f"app {VERSION} on {socket.gethostname()}\n")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


def main() -> None:
    """Serve until SIGTERM, or crash."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print(f"app {VERSION} starting, mode {MODE}", flush=True)
    if MODE == "crash":
        time.sleep(AFTER)
        print("connecting to database db:5432", flush=True)
        sys.exit('FATAL: password authentication failed for user "app"')
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()


if __name__ == "__main__":
    main()
