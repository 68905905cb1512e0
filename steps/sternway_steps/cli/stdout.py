"""Standard output whose reader may go away."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from typing import TextIO


class Unbroken(io.TextIOBase):
    """Standard output that goes on when nobody reads it any more: `sternway run | head` must not stop a run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or let it go."""
        with suppress(BrokenPipeError):
            self._stream.write(text)
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Flush, or let it go; what is left in the buffer can't be written at exit either."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Give the descriptor."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Give the encoding of the stream."""
        return self._stream.encoding
