"""How results are shown: to people as text, to programs as JSON, to GitHub Actions as both of its own."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol, TextIO

from ..cluster.preview import Preview
from ..config.document import Node
from ..events import Event
from ..journal.replay import Story


class Output(Protocol):
    """Shows what commands give."""

    def event(self, event: Event) -> None:
        """Show an event of a run."""

    def plan(self, previews: Sequence[Preview]) -> None:
        """Show what would change."""

    def stays(self, steps: Sequence[str]) -> None:
        """Show which steps of a plan no undo takes back."""

    def runs(self, stories: Sequence[Story]) -> None:
        """Show a list of runs."""

    def story(self, story: Story) -> None:
        """Show a run."""

    def config(self, document: Node) -> None:
        """Show a configuration, and where each value comes from."""

    def error(self, error: Exception) -> None:
        """Show why a command failed."""

    def note(self, text: str) -> None:
        """Show a remark."""

    def done(self) -> None:
        """Show what can be shown only at the end of a command; called once."""


def output_for(form: str) -> Output:
    """Give the output of a form: text, json or github."""
    sys.stdout = Unbroken(sys.stdout)
    if form == "json":
        from .json import JsonOutput

        return JsonOutput()
    if form == "github":
        from .github import GithubOutput

        return GithubOutput(os.environ)
    from .text import TextOutput

    return TextOutput()


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
