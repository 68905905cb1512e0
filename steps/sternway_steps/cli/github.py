"""Output for GitHub Actions: groups in the log, annotations, and a summary on the job's page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from ..errors import kind_of
from ..journal.replay import Status, Story
from ..release.preview import Preview
from ..release.remedy import finish
from ..saga.events import Event, Note, RunEnded, StepEnded, StepStarted
from ..saga.recorded_changes import RecordedChange
from ..spec import Action
from ..yamltree.document import Node
from ..yamltree.errors import ConfigErrors
from .github_commands import command, escaped
from .github_summary import MOST, Summary, cut, table
from .stdout import Safe
from .text import TextOutput


class GithubOutput:
    """Writes what people read, with workflow commands around it; no text of others can become a command.

    Args:
        environ: variables; GITHUB_STEP_SUMMARY names the file of the summary, and without it there is none.

    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._text = TextOutput(stamped=False)  # GitHub shows times of its own
        self._stream: TextIO = sys.stdout
        self._escaped = [_Escaped(sys.stdout), _Escaped(sys.stderr)]
        sys.stdout, sys.stderr = self._escaped
        self._summary = Summary()
        self._file = environ.get("GITHUB_STEP_SUMMARY") or ""
        self._at_work: set[tuple[str, Action]] = set()
        self._grouped = False

    def event(self, event: Event, at: str = "") -> None:
        """Write an event; a step that runs alone is a group."""
        self._summary.add(event)
        match event:
            case StepStarted():
                self._begin(event, at)
            case StepEnded():
                self._text.event(event, at)
                self._annotate_end(event)
            case RunEnded():
                self._close()
                self._text.event(event, at)
                self._annotate_over(event)
            case Note():
                self.note(event.message)
            case _:
                self._text.event(event, at)

    def plan(self, previews: Sequence[Preview], *, whole: bool = False) -> None:
        """Write what would change, and a table of it."""
        self._text.plan(previews, whole=whole)
        rows = [
            (p.result, str(p.ref), ", ".join(f.path for f in p.fields if p.result != "create"), p.why) for p in previews
        ]
        self._summary.parts.append("### Plan\n\n" + table(("would", "object", "fields", "why"), rows))

    def stays(self, steps: Sequence[str]) -> None:
        """Annotate what no undo reverts: whoever reviews the plan has to see it."""
        for name in steps:
            text = f"{name} is irreversible: what it does stays, whatever fails after it"
            self._annotate("warning", text, title="sternway")

    def runs(self, stories: Sequence[Story], *, wide: bool = False) -> None:
        """Write the list, and a table of it."""
        self._text.runs(stories, wide=wide)
        rows = [(s.run, s.target, s.started[:19], s.status.value, s.error.partition("\n")[0]) for s in stories]
        self._summary.parts.append(table(("run", "target", "started", "status", "error"), rows))

    def story(self, story: Story, changes: Callable[[], Sequence[RecordedChange]] = tuple) -> None:  # noqa: ARG002  for a page
        """Write a run's story, and a table of its attempts."""
        self._text.story(story)
        rows = [
            (a.action.value, a.step, a.result or "cut off", str(a.data.get("summary") or a.data.get("error") or ""))
            for a in (*story.attempts, *story.after)
        ]
        written = f"### Run `{story.run}`: {story.status.value}\n\n" + table(("", "step", "result", ""), rows)
        self._summary.parts.append(written)

    def config(self, document: Node) -> None:
        """Write the document as YAML, with comments."""
        self._text.config(document)

    def error(self, error: Exception) -> None:
        """Annotate why the command failed: a mistake in the configuration at its line."""
        self._close()
        self._summary.error(error)
        if not isinstance(error, ConfigErrors):
            self._annotate("error", _with_remedy(error), title=type(error).__name__)
            return
        for finding in error.errors:
            location = finding.location
            file = location.source if location.line else ""
            title = finding.field or "configuration"
            self._annotate("error", str(finding), file=file, line=location.line, col=location.column, title=title)

    def note(self, text: str) -> None:
        """Annotate a remark."""
        self._annotate("warning", text.removeprefix("warning: "), title="sternway")

    def notice(self, text: str) -> None:
        """Annotate a remark that warns of nothing."""
        self._annotate("notice", text, title="sternway")

    def result(self, kind: str, data: Mapping[str, Any], lines: Sequence[str]) -> None:
        """Write the lines."""
        self._text.result(kind, data, lines)

    def done(self) -> None:
        """Append the summary to the file that GitHub names."""
        for stream in self._escaped:
            stream.finish()
        self._close()
        text = self._summary.markdown()
        if not self._file or not text:
            return
        path = Path(self._file)
        try:
            there = path.stat().st_size if path.exists() else 0
            with path.open("a", encoding="utf-8") as file:
                file.write(cut(text + "\n", MOST - there))
        except OSError as error:  # the run is over, and its result is worth more than its summary
            self._annotate("warning", f"the summary can't be written: {error.strerror}", title="sternway")

    def _begin(self, event: StepStarted, at: str) -> None:
        again = f", attempt {event.attempt}" if event.attempt > 1 else ""
        self._at_work.add((event.step, event.action))
        self._close()
        if len(self._at_work) == 1:  # groups can't lie beside each other
            self._write(command("group", f"{event.action.value} {event.step}{again}"))
            self._grouped = True
        self._text.event(event, at)

    def _annotate_end(self, event: StepEnded) -> None:
        self._at_work.discard((event.step, event.action))
        self._close()
        if event.error is None:
            return
        title = f"{event.action.value} {event.step}: {kind_of(event.error)}"
        if event.retry_in is not None:
            again = f"trying again in {event.retry_in:.1f} s"
            self._annotate("warning", f"{_with_remedy(event.error)}\n{again}", title=title)
        else:
            self._annotate("warning" if event.on else "error", _with_remedy(event.error), title=title)

    def _annotate_over(self, event: RunEnded) -> None:
        ended = f"run {event.run}: {event.status} after {event.seconds:.1f} s"
        for error in event.rollback_errors:
            self._annotate("error", _with_remedy(error), title="not put back")
        if event.unrecorded is not None:
            self._annotate("error", _with_remedy(event.unrecorded), title="not recorded")
        if event.status in (Status.ROLLBACK_FAILED, Status.INTERRUPTED):
            self._annotate("warning", f"{ended}\n{finish(event.run, event.rollback_errors)}", title="sternway")
        else:
            self._annotate("notice", ended, title="sternway")

    def _annotate(self, kind: str, message: str, **properties: str | int) -> None:
        self._write(command(kind, message, **properties))

    def _close(self) -> None:
        if self._grouped:
            self._grouped = False
            self._write(command("endgroup"))

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


class _Escaped(Safe):
    """A stream on which no line is a workflow command, whatever pieces it is written in: it waits for a line's end."""

    _line = ""

    def finish(self) -> None:
        """Write what has no line end."""
        line, self._line = self._line, ""
        super()._put(escaped(line))

    def _put(self, text: str) -> None:
        lines, end, self._line = (self._line + text).rpartition("\n")
        if end:
            super()._put(escaped(lines) + end)


def _with_remedy(error: Exception) -> str:
    cause = error.__cause__
    because = f"because: {cause}" if cause is not None and str(cause) not in str(error) else ""
    return "\n".join(part for part in (str(error), because, getattr(error, "remedy", None) or "") if part)
