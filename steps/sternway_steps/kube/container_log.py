"""Follows the log of one container of a pod, over restarts and connections that break; a flood is cut."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..process.output import Output
from .api_error import ApiError
from .stamped_lines import StampedLines
from .watch import shut

if TYPE_CHECKING:
    from .client import Client

_SILENT = 60.0
"""Seconds that a log may be silent before it is asked for anew: the connection may be dead."""
_SHORT = 3.0
_PAUSE = 0.5
_BYTES_PER_SECOND = 262_144
"""What is read of one log; of one that grows faster, what lies between is passed over, so that it slows nobody."""
_LINES_PER_SECOND = 100
MOST_LINES = 5000
"""Lines of one container that are told."""


class ContainerLog:
    """Tells each line of a container's log once, in a thread of its own.

    Args:
        client: the cluster.
        path: the pod's, below the API server's address.
        container: its name; init containers too.
        tell: called with the kubelet's time of a line, and the line: plain text, cut, without secrets.
        refused: called once when the log may not be read.
        secrets: values that are never shown.

    """

    def __init__(
        self,
        client: Client,
        path: str,
        container: str,
        tell: Callable[[str, str], None],
        refused: Callable[[ApiError], None],
        secrets: Iterable[bytes] = (),
    ) -> None:
        self._client, self._path, self._container = client, path, container
        self._tell, self._refused = tell, refused
        self._lines = StampedLines()
        self._output = Output(self._say, secrets, per_second=_LINES_PER_SECOND)
        self._time, self._told = "", 0
        self._changed, self._closing = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._response: Any = None
        self._restarts = self._read_restarts = 0
        self._running = True
        self._over = False
        self._thread = threading.Thread(target=self._run, name="sternway-log", daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether there is nothing more to come."""
        return not self._thread.is_alive()

    def see(self, status: Mapping[str, Any], *, pod_is_over: bool) -> None:
        """Take the newest status of the container; `pod_is_over`: it will not be started again."""
        with self._lock:
            self._restarts = max(self._restarts, int(status.get("restartCount") or 0))
            self._running = "running" in (status.get("state") or {})
            self._over = pod_is_over or self._over
        self._changed.set()

    def stop(self) -> None:
        """Follow no more: what was written until now is read, and that is all. Does not wait."""
        self._closing.set()
        self._changed.set()
        with self._lock:
            if self._response is not None:
                shut(self._response)

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread; one that waits for a server that is silent is left to end by itself."""
        self._thread.join(max(0.0, seconds))

    def _run(self) -> None:
        import urllib3

        last = False
        while not last and self._told < MOST_LINES:
            self._changed.clear()
            last = self._closing.is_set() or self._over
            try:
                self._read(follow=not last)
            except ApiError as error:
                if error.forbidden:
                    self._refused(error)
                    return
            except (urllib3.exceptions.HTTPError, OSError, ValueError):
                pass  # it broke off, and is taken up again
            if not last:
                self._changed.wait(_PAUSE if self._running else None)
        for _, line in self._lines.end():
            self._output.feed(line)
        self._output.close()

    def _read(self, *, follow: bool) -> None:
        """Read what there is, and what is written from then on as long as the container runs."""
        with self._lock:
            restarts = self._restarts
        if restarts > self._read_restarts:  # first what the container before this one wrote last
            self._read_restarts = restarts
            self._take(previous="true")
        flooded = False
        if not follow or not self._lines.newest:
            flooded = self._take()
        # The headers of a log that is followed come with its first line (kubelet, server.go: getContainerLogs), so
        # only one that has a line is: nothing else could be ended at once.
        if follow and self._lines.newest and not flooded:
            flooded = self._take(follow="true")
        while follow and flooded:
            self._say("… it writes faster than is shown: what lies between is left out")
            if self._closing.wait(1):
                return
            flooded = self._take(follow="true", tailLines="1")

    def _take(self, **query: str) -> bool:
        """Read one answer; return whether it was left because it comes too fast."""
        if self._lines.newest and "tailLines" not in query:
            query["sinceTime"] = self._lines.newest
        follow = query.get("follow") == "true"
        query |= {"container": self._container, "timestamps": "true"}
        response = self._client.transport.stream(self._path, query, _SILENT if follow else _SHORT)
        with self._lock:
            self._response = response if follow else None
        try:
            if follow and self._closing.is_set():
                return False
            self._lines.begin()
            return self._pieces(response)
        finally:
            with self._lock:
                self._response = None
            response.close()

    def _pieces(self, response: Any) -> bool:
        second, taken = time.monotonic(), 0
        while self._told < MOST_LINES and (chunk := response.read1(65_536)):
            for at, line in self._lines.feed(chunk):
                self._time = at
                self._output.feed(line + b"\n")
            taken += len(chunk)
            if (now := time.monotonic()) - second >= 1:
                second, taken = now, 0
            elif taken > _BYTES_PER_SECOND:
                return True
        return False

    def _say(self, line: str) -> None:
        self._told += 1
        if self._told < MOST_LINES:
            self._tell(self._time, line)
        elif self._told == MOST_LINES:
            self._tell(self._time, f"… it has written {MOST_LINES} lines: no more of it is shown")
