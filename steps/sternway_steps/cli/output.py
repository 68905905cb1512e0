"""How results are shown: to people as text, to programs as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..cluster.preview import Preview
from ..events import Event
from ..journal.replay import Story


class Output(Protocol):
    """Shows what commands give."""

    def event(self, event: Event) -> None:
        """Show an event of a run."""

    def plan(self, previews: Sequence[Preview]) -> None:
        """Show what would change."""

    def runs(self, stories: Sequence[Story]) -> None:
        """Show a list of runs."""

    def story(self, story: Story) -> None:
        """Show a run."""

    def error(self, error: Exception) -> None:
        """Show why a command failed."""

    def note(self, text: str) -> None:
        """Show a remark."""


def output_for(form: str) -> Output:
    """Give the output of a form: text or json."""
    if form == "json":
        from .json import JsonOutput

        return JsonOutput()
    from .text import TextOutput

    return TextOutput()
