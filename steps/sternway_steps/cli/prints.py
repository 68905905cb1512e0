"""Standard output while steps work: what they print is their progress, and what is written there is ours alone."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from ..saga.printed import printed
from .stdout import Safe


class Prints(io.TextIOBase):
    """Stands for sys.stdout: a line of a step goes to its log, anything else to `others`; we write to `ours`."""

    def __init__(self, ours: TextIO | Safe, others: TextIO | Safe) -> None:
        self.ours = ours
        self._others = others

    def write(self, text: str) -> int:
        """Take what somebody prints."""
        if (step := printed()) is not None:
            step.write(text)
        else:
            self._others.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush both."""
        self.ours.flush()
        self._others.flush()

    def isatty(self) -> bool:
        """Return whether what we write to is a terminal."""
        return self.ours.isatty()

    def fileno(self) -> int:
        """Return the file descriptor of what is printed."""
        return self._others.fileno()


def our_stdout() -> TextIO | Safe:
    """Return the stream for the results of commands."""
    return sys.stdout.ours if isinstance(sys.stdout, Prints) else sys.stdout


@contextmanager
def steps_print_to_their_log(form: str) -> Iterator[None]:
    """Keep the results of a command apart from what steps print.

    Where programs read the results (`form` is json), what other threads, libraries and child processes write goes to
    standard error, by its file descriptor.
    """
    before = sys.stdout
    if form != "json":
        sys.stdout = Prints(before, before)
        try:
            yield
        finally:
            sys.stdout = before
        return
    with _set_aside(before) as ours:
        sys.stdout = Prints(ours, sys.stderr)
        try:
            yield
        finally:
            sys.stdout = before


@contextmanager
def _set_aside(stdout: TextIO | Safe) -> Iterator[TextIO | Safe]:
    """Give a stream to where standard output goes, while descriptor 1 goes where standard error does."""
    own = -1
    with suppress(OSError):
        own = os.dup(1) if isinstance(stdout, Safe) and stdout.fileno() == 1 else -1
    if own < 0 or not isinstance(stdout, Safe):  # somebody has put another stream in its place
        yield stdout
        return
    stdout.flush()
    os.dup2(2, 1)
    ours = Safe(os.fdopen(own, "w", encoding=stdout.encoding, errors="backslashreplace", closefd=False))
    try:
        yield ours
    finally:
        ours.flush()
        os.dup2(own, 1)
        with suppress(OSError):
            os.close(own)
        if ours.lost:
            stdout.lose(ours.lost)
