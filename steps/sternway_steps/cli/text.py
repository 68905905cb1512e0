"""Output for people: a line for what happens, more lines for what went wrong; colour on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..config.origins import to_yaml
from ..journal.name import RunName
from ..journal.replay import Status, Story
from ..release.preview import Preview
from ..saga.events import Event, Note
from ..yamltree.document import Node
from . import details
from .plan_lines import total
from .prints import our_stdout
from .run_lines import RunLines
from .show import write_story
from .terminal import echo


class TextOutput:
    """Writes to standard output; errors and remarks to standard error."""

    def __init__(self, *, stamped: bool | None = None) -> None:
        """Take whether each line of a run begins with the time; None: where nobody watches a terminal."""
        self._lines = RunLines(stamped=not our_stdout().isatty() if stamped is None else stamped)

    def event(self, event: Event) -> None:
        """Write an event."""
        if isinstance(event, Note):
            self.note(event.message)
        else:
            self._lines.event(event)

    def plan(self, previews: Sequence[Preview], *, whole: bool = False) -> None:
        """Write what would change."""
        for found in previews:
            details.preview(found, whole=whole)
        echo(total(previews))

    def stays(self, steps: Sequence[str]) -> None:
        """Write which steps no undo reverts."""
        for name in steps:
            echo(f"{name} is irreversible: what it does stays, whatever fails after it", fg="yellow")

    def runs(self, stories: Sequence[Story]) -> None:
        """Write a table of runs."""
        if not stories:
            echo("the journal holds no runs")
            return
        rows = [("RUN", "TARGET", "STARTED", "STATUS", "NOTE")]
        rows += [(_called(s), s.target, s.started[:19], s.status.value, _note(s)) for s in stories]
        widths = [max(len(row[n]) for row in rows) for n in range(4)]
        for row in rows:
            echo(
                "  ".join([*(text.ljust(width) for text, width in zip(row[:4], widths, strict=True)), row[4]]).rstrip()
            )

    def story(self, story: Story) -> None:
        """Write the whole story of a run."""
        write_story(story)

    def config(self, document: Node) -> None:
        """Write the document as YAML, with comments."""
        echo(to_yaml(document).removesuffix("\n"))

    def error(self, error: Exception) -> None:
        """Write why a command failed."""
        echo(f"error: {error}", fg="red", err=True)
        if remedy := getattr(error, "remedy", None):
            echo(f"  {remedy}", err=True)

    def note(self, text: str) -> None:
        """Write a remark."""
        echo(text, fg="yellow", err=True)

    def notice(self, text: str) -> None:
        """Write a remark that warns of nothing."""
        echo(text, err=True)

    def result(self, kind: str, data: Mapping[str, Any], lines: Sequence[str]) -> None:  # noqa: ARG002  for programs
        """Write the lines."""
        for line in lines:
            echo(line)

    def done(self) -> None:
        """Do nothing: everything was written when it happened."""


def _called(story: Story) -> str:
    """Return what commands call a run; of a journal in files, the id will do beside --journal."""
    name = RunName.parse(story.name)
    return name.run if name.in_files else str(name)


def _note(story: Story) -> str:
    if story.back_to:
        went = "went" if story.status is Status.SUCCEEDED else "was to go"
        return f"{went} back to {story.back_to}"
    return story.error.split("\n")[0][:60]
