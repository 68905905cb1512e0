"""How results are shown: as text to people, as JSON to programs, as both of its own to GitHub Actions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ..journal.replay import Story
from ..release.preview import Preview
from ..saga.events import Event
from ..saga.recorded_changes import RecordedChange
from ..yamltree.document import Node
from .stdout import make_safe


class Output(Protocol):
    """Shows the results of commands."""

    def event(self, event: Event, at: str = "") -> None:
        """Show an event of a run; `at` is when it was, as the journal writes times, "" for now."""

    def plan(self, previews: Sequence[Preview], *, whole: bool = False) -> None:
        """Show what would change; long lists are folded unless the `whole` is asked for."""

    def stays(self, steps: Sequence[str]) -> None:
        """Show which steps of a plan no undo reverts."""

    def runs(self, stories: Sequence[Story], *, wide: bool = False) -> None:
        """Show a list of runs; a `wide` one with who, from where, and which images."""

    def story(self, story: Story, changes: Callable[[], Sequence[RecordedChange]] = tuple) -> None:
        """Show a run; `changes` returns what it changed of each object, for what shows that too."""

    def config(self, document: Node) -> None:
        """Show a configuration, and where each value comes from."""

    def error(self, error: Exception) -> None:
        """Show why a command failed."""

    def note(self, text: str) -> None:
        """Show a remark that somebody has to know of."""

    def notice(self, text: str) -> None:
        """Show a remark that warns of nothing."""

    def result(self, kind: str, data: Mapping[str, Any], lines: Sequence[str]) -> None:
        """Show what a command of another package gives: `lines` to people, to programs an object of type `kind`."""

    def done(self) -> None:
        """Show what can be shown only at the end of a command; called once."""


def output_for(form: str, *, live: bool = False) -> Output:
    """Return the output of a format: text, json, github, of a plan markdown, of a run html.

    `live` text shows on a terminal what is at work.
    """
    make_safe()
    if form == "json":
        from .json import JsonOutput

        return JsonOutput()
    if form == "markdown":
        from .markdown import MarkdownOutput

        return MarkdownOutput()
    if form == "html":
        from .html import HtmlOutput

        return HtmlOutput()
    if form == "github":
        from .github import GithubOutput

        return GithubOutput(os.environ)
    from .text import TextOutput

    return TextOutput(live=live)
