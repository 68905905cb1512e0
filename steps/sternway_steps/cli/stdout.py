"""Standard output whose reader may close it."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from typing import TextIO


class BrokenPipeSafe(io.TextIOBase):
    """Standard output that survives a closed pipe: `sternway run | head` must not stop a run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or drop the text."""
        with suppress(BrokenPipeError):
            self._stream.write(text)
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Flush, or drop what is buffered, which can't be written at exit either."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream."""
        return self._stream.encoding
