"""The block at the end of a terminal's lines: drawn anew as time goes by, and taken away while lines are written."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from .block import Block
from .stdout import Safe

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

_EVERY = 0.5
"""Seconds between two drawings."""
_WIDEST = 120
_MARGIN = 4
"""Columns that stay free: for the ^C of a terminal, which would begin a line that nobody knows of."""


def has_screen(stream: object, environ: Mapping[str, str]) -> bool:
    """Return whether a block can be drawn: on a terminal that moves its cursor, and where nobody reads it as a log."""
    return (
        isinstance(stream, Safe)
        and stream.isatty()
        and environ.get("TERM", "dumb") not in ("dumb", "unknown", "")
        and not environ.get("CI")
    )


class Screen:
    """Draws a block on a terminal.

    Args:
        stream: the terminal.
        block: what is drawn.
        lock: held while anything is written.

    """

    def __init__(self, stream: Safe, block: Block, lock: threading.RLock) -> None:
        from rich.console import Console

        self._block, self._lock = block, lock
        # What rich would find out by itself it would find out of another stream.
        self._console = Console(
            file=cast("IO[str]", _Raw(stream)), force_terminal=True, color_system=None, legacy_windows=False
        )
        self._live: Live | None = None
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Take the block away while lines are written, and draw it below them."""
        with self._lock:
            self._take_away()
            try:
                yield
            finally:
                self._draw()

    def close(self) -> None:
        """Take the block away for good."""
        self._over.set()
        with self._lock:
            self._take_away()
        if self._thread is not None:
            self._thread.join(_EVERY)

    def _draw(self) -> None:
        if self._over.is_set() or not self._block.at_work:
            return
        from rich.live import Live

        # One that was stopped thinks that its lines still stand there. What is redirected would be our lines.
        self._live = Live(
            self._text(), console=self._console, auto_refresh=False, transient=True,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._live.start(refresh=True)
        if self._thread is None:
            self._thread = threading.Thread(target=self._redraw, name="sternway-screen", daemon=True)
            self._thread.start()

    def _take_away(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _redraw(self) -> None:
        while not self._over.wait(_EVERY):
            with self._lock:
                if self._live is not None:
                    self._live.update(self._text(), refresh=True)

    def _text(self) -> Text:
        from rich.text import Text

        lines = [
            _within(line, self._console.encoding)
            for line in self._block.lines(min(self._console.width, _WIDEST) - _MARGIN)
        ]
        return Text("\n".join(lines[: max(1, self._console.height - 1)]), no_wrap=True, overflow="crop")


class _Raw(io.TextIOBase):
    """Writes what moves the cursor, too."""

    def __init__(self, stream: Safe) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write."""
        self._stream.write_control(text)
        return len(text)

    def flush(self) -> None:
        """Flush."""
        self._stream.flush()

    def isatty(self) -> bool:
        """It is a terminal."""
        return True

    def fileno(self) -> int:
        """Return the terminal's descriptor, of which its size is asked."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The terminal's."""
        return self._stream.encoding


def screen_of(stream: object, block: Block, lock: threading.RLock) -> Screen | None:
    """Return a screen; None where there is none to draw on."""
    if not isinstance(stream, Safe) or not has_screen(stream, os.environ):
        return None
    try:
        return Screen(stream, block, lock)
    except ImportError:  # rich was left out on purpose: lines do without
        return None


def _within(line: str, encoding: str) -> str:
    """Return a line without signs that an encoding lacks: written as escapes they would take more columns."""
    return line.encode(encoding, "replace").decode(encoding)
