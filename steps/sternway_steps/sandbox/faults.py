"""Faults that a test sets: at the n-th request, or at any request that matches."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """A request as it arrived; the first is number 1."""

    number: int
    method: str
    path: str
    query: str
    accept: str = ""
    """The media types that the client takes."""


@dataclass(frozen=True)
class Fault:
    """What happens to a request; made by fail, delay, cut or call."""

    status: int = 0
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    cut: str = ""
    """before: the connection is cut and nothing is done; after: it is done, and the answer is lost."""
    before: Callable[[], None] | None = None
    after: Callable[[], None] | None = None


def fail(status: int, reason: str = "", **headers: str) -> Fault:
    """Return a fault that answers with an error and does nothing; `Retry_After="1"` is a header."""
    return Fault(status, reason, tuple((k.replace("_", "-"), v) for k, v in headers.items()))


def delay(seconds: float) -> Fault:
    """Return a fault that does what was asked, later."""
    return Fault(seconds=seconds)


def cut(*, before: bool = True) -> Fault:
    """Return a fault that cuts the connection, before or after what was asked is done."""
    return Fault(cut="before" if before else "after")


def call(before: Callable[[], None] | None = None, after: Callable[[], None] | None = None) -> Fault:
    """Return a fault that calls something before or after what was asked is done, to kill a process for example."""
    return Fault(before=before, after=after)


@dataclass
class Faults:
    """The faults that are set. Each is used once, unless `times` says otherwise."""

    requests: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _set: list[tuple[Callable[[Request], bool], Fault, list[int]]] = field(default_factory=list)

    def at(self, number: int, fault: Fault) -> None:
        """Set a fault for the n-th request from the start, or from the last reset."""
        self.when(lambda request: request.number == number, fault)

    def when(self, looks: Callable[[Request], bool], fault: Fault, times: int = 1) -> None:
        """Set a fault for the next `times` requests that match."""
        with self._lock:
            self._set.append((looks, fault, [times]))

    def reset(self) -> None:
        """Remove all faults, and count requests from 1 again."""
        with self._lock:
            self._set.clear()
            self.requests.clear()

    def of(self, method: str, path: str, query: str, accept: str = "") -> Fault:
        """Record a request, and return the fault that it meets."""
        with self._lock:
            request = Request(len(self.requests) + 1, method, path, query, accept)
            self.requests.append(request)
            for looks, fault, left in self._set:
                if left[0] > 0 and looks(request):
                    left[0] -= 1
                    return fault
        return Fault()
