"""The points of a step's work, one after the other, at which a test makes something happen."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Cut(BaseException):
    """The process has died. It is no Exception, so that no step handles it."""


class Points:
    """Counts what a step does; at the first point that `at` picks by number (1 first) and name, `act` is called.

    There is a point before and after each write into the journal and each change in the cluster, before each read, and
    before each line of the step's own code. Thread-safe. `act` may raise what the step shall meet there.
    """

    def __init__(
        self, at: Callable[[int, str], bool] = lambda *_: False, act: Callable[[str], None] = lambda _: None
    ) -> None:
        self.reached: list[str] = []
        self._at, self._act = at, act
        self._lock = threading.Lock()
        self._thread = threading.get_ident()
        self._done = self._dead = False

    @staticmethod
    def cut(number: int) -> Points:
        """Return points of which the n-th is the last: after it nothing reaches the journal or the cluster."""
        points = Points(lambda n, _: n == number, lambda _: points.die())
        return points

    def follow(self) -> None:
        """Take the thread that calls for the step's own."""
        self._thread = threading.get_ident()

    def end(self) -> None:
        """Let the step come to no further point."""
        self._dead = True

    def die(self) -> None:
        """Let the process die."""
        self._dead = True
        raise Cut

    def reach(self, what: str, *, aside: bool = False) -> None:
        """Come to a point. One that is `aside` counts only in the step's own thread: of a watch that another thread
        follows nothing comes back to the step, so neither would its death.
        """  # noqa: D205
        with self._lock:
            if self._dead:
                raise Cut
            if aside and threading.get_ident() != self._thread:
                return
            self.reached.append(what)
            here = not self._done and self._at(len(self.reached), what)
            self._done = self._done or here
        if here:
            self._act(what)


def outside(what: str) -> bool:
    """Return whether a point is visible to others: of the journal or the cluster, no line of code."""
    return not what.startswith("line ")


def in_package(module: str, package: str) -> bool:
    """Return whether a module is a package, or in it."""
    return module == package or module.startswith(f"{package}.")


def sample(points: Sequence[str], most: int) -> list[int]:
    """Return the numbers of at most twice `most` points: of those outside and of the lines, spread evenly."""
    numbers = range(1, len(points) + 1)
    reached = _spread([n for n in numbers if outside(points[n - 1])], most)
    return sorted({*reached, *_spread([n for n in numbers if not outside(points[n - 1])], most)})


def _spread(numbers: Sequence[int], most: int) -> list[int]:
    if len(numbers) <= most:
        return list(numbers)
    return [numbers[round(n * (len(numbers) - 1) / max(1, most - 1))] for n in range(most)]


@contextmanager
def lines_of(package: str, points: Points) -> Iterator[None]:
    """Make a point of each line of a package (by its import name) that this thread runs."""

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        name = str(frame.f_globals.get("__name__", ""))
        if not in_package(name, package):
            return None
        if event == "line":
            points.reach(f"line {frame.f_lineno} of {name}")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)
