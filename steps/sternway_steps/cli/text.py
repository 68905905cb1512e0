"""Output for people: a line for what happens, more lines for what went wrong; colour on a terminal."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from ..config.origins import to_yaml
from ..errors import Bug, with_kind
from ..journal.locks.waiting import Waiting
from ..journal.name import RunName
from ..journal.replay import Status, Story
from ..release.preview import Preview
from ..release.remedy import finish
from ..saga.events import Event, Note, RunEnded, RunStarted, StepEnded, StepProgress, StepStarted, UndoStarted
from ..spec import Action
from ..yamltree.document import Node
from . import details
from .plan_lines import total
from .show import COLOURS, write_story
from .terminal import Styled, echo

_TOLD = (Status.SUCCEEDED, Status.HELD)
"""Ends whose error, if there is one, is told by itself."""


class TextOutput:
    """Writes to standard output; errors and remarks to standard error."""

    def __init__(self) -> None:
        self._run = ""
        self._at_work: set[str] = set()
        self._several = False
        self._errors: set[str] = set()

    def event(self, event: Event) -> None:
        """Write an event."""
        match event:
            case RunStarted():
                self._run = event.run
                what = "undoing run" if event.undo_only and not event.back_to else "run"
                why = f", back to how things were after run {event.back_to}" if event.back_to else ""
                of = f"of {event.target}{why}"
                echo(f"{what} ", Styled(event.run, bold=True), f" {of} (journal: {event.journal})")
            case StepStarted():
                again = f", attempt {event.attempt}" if event.attempt > 1 else ""
                self._at_work.add(event.step)
                self._several = len(self._at_work) > 1
                at_end = f" (on: {event.on})" if event.on else ""
                echo(_verb(event.action), f" {event.step}{at_end}{again}")
            case StepProgress():
                self._progress(event)
            case StepEnded():
                self._ended(event)
            case UndoStarted():
                steps = ", ".join(event.steps) or "no step changed anything"
                echo(f"undo: {steps}", fg="yellow")
                for name in event.stays:
                    echo(f"  what {name} did is irreversible and stays", fg="red")
            case RunEnded():
                self._over(event)
            case Note():
                self.note(event.message)
            case Waiting():
                echo(str(event), dim=True)

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

    def _progress(self, event: StepProgress) -> None:
        progress, who = event.progress, self._who(event.step)
        count = f"[{progress.done}/{progress.wanted}] " if progress.wanted else ""
        if progress.item is not None:
            details.item(progress.item, who)
        else:
            echo(f"  {who}{count}{progress.message}")

    def _who(self, step: str) -> str:
        """Return the prefix of a line, "" unless several steps have run since all were ended."""
        return f"{step}: " if self._several else ""

    def _ended(self, event: StepEnded) -> None:
        who = self._who(event.step)
        if event.retry_in is None:
            self._at_work.discard(event.step)
            self._several = self._several and bool(self._at_work)
        if event.error is None:
            echo(f"  {who}{event.summary} ({event.seconds:.1f} s)", fg="green")
            return
        told, colour = with_kind(event.error), "red"
        if event.on:
            told, colour = f"warning, which changes nothing of how the run ended: {told}", "yellow"
        echo(f"  {who}{told} ({event.seconds:.1f} s)", fg=colour)
        self._errors.add(str(event.error))
        if isinstance(event.error, Bug) and event.error.__cause__ is not None:  # whoever reports it needs all of it
            echo("".join(traceback.format_exception(event.error.__cause__)), err=True)
        if remedy := getattr(event.error, "remedy", None):
            echo(f"  {remedy}")
        details.evidence(getattr(event.error, "details", {}))
        if event.retry_in is not None:
            echo(f"  trying again in {event.retry_in:.1f} s")

    def _over(self, event: RunEnded) -> None:
        status = Status(event.status)
        echo(f"run {event.run}: {status.value} after {event.seconds:.1f} s", fg=COLOURS.get(status, "red"), bold=True)
        if event.error is not None and status not in _TOLD and str(event.error) not in self._errors:
            echo(f"  first error: {str(event.error).partition(chr(10))[0]}")
        for name in event.stays:
            echo(f"  what {name} did is irreversible and stays", fg="red")
        for error in event.rollback_errors:
            if str(error) not in self._errors:
                echo(f"  rollback: {error}", fg="red")
        if event.unrecorded is not None:
            echo(f"  {event.unrecorded}; {getattr(event.unrecorded, 'remedy', '')}", fg="red")
        if status in (Status.ROLLBACK_FAILED, Status.INTERRUPTED):
            echo(f"  {finish(event.name or event.run, event.rollback_errors)}")


def _called(story: Story) -> str:
    """Return what commands call a run; of a journal in files, the id will do beside --journal."""
    name = RunName.parse(story.name)
    return name.run if name.in_files else str(name)


def _note(story: Story) -> str:
    if story.back_to:
        went = "went" if story.status is Status.SUCCEEDED else "was to go"
        return f"{went} back to {story.back_to}"
    return story.error.split("\n")[0][:60]


def _verb(action: Action) -> Styled:
    return Styled("execute" if action is Action.EXECUTE else "rollback", fg="cyan")
