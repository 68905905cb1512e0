"""Output for people: a line for what happens, more lines for what went wrong; colour on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..config.origins import to_yaml
from ..errors import Refused
from ..explained.catalogue import entry_for
from ..journal.replay import Story
from ..release.preview import Preview
from ..saga.events import Event, Note
from ..saga.recorded_changes import RecordedChange
from ..yamltree.document import Node
from . import details, runs_table
from .plan_lines import total
from .prints import our_stdout
from .run_lines import RunLines
from .show import write_story
from .terminal import echo


class TextOutput:
    """Writes to standard output; errors and remarks to standard error."""

    def __init__(self, *, stamped: bool | None = None, live: bool = False) -> None:
        """Take whether each line of a run begins with the time, and whether a terminal shows what is at work.

        `stamped` None: where nobody watches a terminal.
        """
        self._lines = RunLines(stamped=not our_stdout().isatty() if stamped is None else stamped, live=live)

    def event(self, event: Event, at: str = "") -> None:
        """Write an event."""
        if isinstance(event, Note):
            self.note(event.message)
        else:
            self._lines.event(event, at)

    def plan(self, previews: Sequence[Preview], *, whole: bool = False) -> None:
        """Write what would change."""
        for found in previews:
            details.preview(found, whole=whole)
        echo(total(previews))

    def stays(self, steps: Sequence[str]) -> None:
        """Write which steps no undo reverts."""
        for name in steps:
            echo(f"{name} is irreversible: what it does stays, whatever fails after it", fg="yellow")

    def runs(self, stories: Sequence[Story], *, wide: bool = False) -> None:
        """Write a table of runs."""
        if not stories:
            echo("the journal holds no runs")
        else:
            for line in runs_table.lines(stories, wide=wide):
                echo(line)

    def story(self, story: Story, changes: Callable[[], Sequence[RecordedChange]] = tuple) -> None:  # noqa: ARG002  for a page
        """Write the whole story of a run."""
        write_story(story)

    def config(self, document: Node) -> None:
        """Write the document as YAML, with comments."""
        echo(to_yaml(document).removesuffix("\n"))

    def error(self, error: Exception) -> None:
        """Write why a command failed."""
        with self._lines.apart():
            echo(f"error: {error}", fg="red", err=True)
            if remedy := getattr(error, "remedy", None):
                echo(f"  {remedy}", err=True)
            elif not isinstance(error, Refused):  # which says what is wrong and where
                echo(f"  usual causes: sternway explain {entry_for(error).name}", err=True)

    def note(self, text: str) -> None:
        """Write a remark."""
        with self._lines.apart():
            echo(text, fg="yellow", err=True)

    def notice(self, text: str) -> None:
        """Write a remark that warns of nothing."""
        with self._lines.apart():
            echo(text, err=True)

    def result(self, kind: str, data: Mapping[str, Any], lines: Sequence[str]) -> None:  # noqa: ARG002  for programs
        """Write the lines."""
        with self._lines.apart():
            for line in lines:
                echo(line)

    def done(self) -> None:
        """Take away what a terminal shows of a run at work; all else was written when it happened."""
        self._lines.close()
