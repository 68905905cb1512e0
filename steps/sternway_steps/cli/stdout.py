"""Standard output and standard error as they may be: closed, full, or of an encoding that lacks characters."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

from ..plain_text import plain


class Safe(io.TextIOBase):
    """A stream that never raises: neither `sternway run | head` nor a disk that is full must stop a run or its undo.

    What its encoding lacks is written as an escape, and what drives terminals is left out: any text may hold somebody
    else's, also a traceback or a library's words.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._lost = ""
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str | bytes) -> int:
        """Write, or drop the text."""
        # click's completion writes bytes; by an empty piece it asks whether a stream is one of bytes alone.
        shown = text.decode(errors="replace") if isinstance(text, bytes) and text else text
        if not isinstance(shown, str):
            raise TypeError("this is a stream of text")
        self._put(plain(shown))
        return len(text)

    def write_styled(self, text: str) -> None:
        """Write text of `terminal`, with our own colours where this is a terminal and nobody wants none (NO_COLOR)."""
        if not self.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            import click

            text = click.unstyle(text)
        self._put(text)

    def write_control(self, text: str) -> None:
        """Write text with what moves the cursor: all else in it is plain."""
        self._put(text)

    def flush(self) -> None:
        """Flush, or drop what is buffered, which can't be written at exit either."""
        if self._stream is not None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._drop(error)

    @property
    def lost(self) -> str:
        """Why something was not written; "" when all was, or when its reader just wanted no more."""
        return self._lost or str(getattr(self._stream, "lost", ""))

    def lose(self, why: str) -> None:
        """Remember why another stream to the same place could not be written."""
        self._lost = self._lost or why

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """Return the file descriptor."""
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream."""
        return self._stream.encoding if self._stream is not None else "utf-8"

    def _put(self, text: str) -> None:
        if self._stream is not None:
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._drop(error)

    def _drop(self, error: Exception) -> None:
        if not isinstance(error, BrokenPipeError):
            self._lost = self._lost or str(getattr(error, "strerror", None) or error)
        with suppress(OSError, ValueError):
            # What is buffered would be tried again, and raise, when the interpreter ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno() if self._stream else -1)


def make_safe() -> None:
    """Put both streams into such as never raise, once; what is closed is taken for /dev/null.

    A file that is opened while 0, 1 or 2 is free would get that number, and what children say.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        if not isinstance(getattr(sys, name), Safe):
            setattr(sys, name, Safe(getattr(sys, name)))


def lost_output() -> str:
    """Return why standard output could not take all that was written; "" when it did."""
    return sys.stdout.lost if isinstance(sys.stdout, Safe) else ""
