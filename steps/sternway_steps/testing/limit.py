"""How long one check of the suite may take: a step that is slow, or hangs, is named, and the suite does not run on."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import TypeVar

from .points import Points, in_package

T = TypeVar("T")
_ATTEMPT = 5
"""One attempt may take this part of the time of a check, which makes many."""


@dataclass(frozen=True)
class Limit:
    """The time of one check, in seconds, from its beginning; it can be sent to another process."""

    seconds: float = 300.0
    began: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        """Return how many seconds an attempt that begins now may take."""
        return max(0.0, min(self.began + self.seconds - time.monotonic(), self.seconds / _ATTEMPT))

    def within(self, what: str, package: str, points: Points, work: Callable[[], T]) -> T:
        """Do the work, in a thread of its own, and return what it gives or raise what it raises.

        Raises: AssertionError when time is up: it says where the step is, which comes to no further point.
        """
        done: Future[T] = Future()

        def run() -> None:
            try:
                points.follow()
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001  a Cut too belongs to who waits
                done.set_exception(error)

        thread = threading.Thread(target=run, daemon=True, name=what)
        began, allowed = time.monotonic(), self.left()
        thread.start()
        if wait([done], allowed).not_done:
            points.end()
            raise AssertionError(self.text(what, time.monotonic() - began, _place(thread, package)))
        return done.result()

    def text(self, what: str, took: float, where: str = "") -> str:
        """Return what is said of an attempt that took all that was left."""
        return (
            f"{what} took too long: after {took:.1f} s it was still at work{where}, and this check of many attempts "
            f"has {self.seconds:g} s; let the step wait less in a test (by its options), or set `longest` of the suite"
        )


def _place(thread: threading.Thread, package: str) -> str:
    """Return the innermost line of the step's own code that a thread is at."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None and not in_package(str(frame.f_globals.get("__name__", "")), package):
        frame = frame.f_back
    return "" if frame is None else f" at line {frame.f_lineno} of {frame.f_globals['__name__']}"
