"""What a step prints while it works, for a program whose standard output is not the step's to write to.

Only the command line asks: a session leaves standard output alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Printed:
    """Takes text in whatever pieces, and says it line by line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._line = ""

    def write(self, text: str) -> None:
        """Take a piece."""
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._tell(line)

    def close(self) -> None:
        """Say what has no line end."""
        line, self._line = self._line, ""
        self._tell(line)

    def _tell(self, line: str) -> None:
        if line.strip():
            self._say(line.rstrip())


_CURRENT: ContextVar[Printed | None] = ContextVar("printed", default=None)


def printed() -> Printed | None:
    """Return what takes the text that is printed here and now; None when no step works in this thread."""
    return _CURRENT.get()


@contextmanager
def printing(say: Callable[[str], None]) -> Iterator[None]:
    """Let `say` have every line that a step prints meanwhile in this thread."""
    taken = Printed(say)
    before = _CURRENT.set(taken)
    try:
        yield
    finally:
        _CURRENT.reset(before)
        taken.close()
