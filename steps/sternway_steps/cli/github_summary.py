"""A run as Markdown, for the page that GitHub shows of a job."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import kind_of
from ..journal.replay import Status
from ..plain_text import plain
from ..release.remedy import finish
from ..saga.events import Event, RunEnded, RunStarted, StepEnded, StepStarted
from ..spec import Action, Item
from ..yamltree.errors import ConfigErrors
from .failure import readable

MOST = 1024 * 1024
"""Bytes of a step's summary; GitHub shows nothing of a longer one ("Workflow commands", job summaries)."""
_CUT = "\n\n(cut: a summary may have 1 MiB; `sternway show` tells the rest)\n"
_PUT_BACK = ("restored", "deleted", "kept", "conflict", "failed")


@dataclass
class Summary:
    """Collects what is shown of a run until the command ends."""

    parts: list[str] = field(default_factory=list)
    _run: str = ""
    _rows: list[Sequence[str]] = field(default_factory=list)
    _tries: dict[tuple[str, Action], int] = field(default_factory=dict)
    _objects: list[Item] = field(default_factory=list)
    _failure: tuple[str, Exception] | None = None

    def add(self, event: Event) -> None:
        """Add what matters of an event."""
        match event:
            case RunStarted():
                self._run = event.run
            case StepStarted():
                self._tries[event.step, event.action] = event.attempt
            case StepEnded(retry_in=None):
                self._step(event)
            case RunEnded():
                self._over(event)

    def error(self, error: Exception) -> None:
        """Add why the command failed."""
        if isinstance(error, ConfigErrors):
            rows = [(str(e.location), e.field, e.what) for e in error.errors]
            self.parts.append("### The configuration is wrong\n\n" + table(("place", "field", "what"), rows))
        else:
            self.parts.append(f"### {_text(type(error).__name__)}\n\n" + _failure(error))

    def markdown(self) -> str:
        """Return all that was collected; a step that was called alone has no end of a run."""
        steps = self._steps() if self._rows else ""
        return "\n\n".join(part for part in (*self.parts, steps) if part)

    def _step(self, event: StepEnded) -> None:
        result = "done" if event.error is None else _named(event.error)
        result += f" (on: {event.on})" if event.on else ""
        tries = self._tries.get((event.step, event.action), 1)
        seconds = f"{event.seconds:.1f} s" + (f", attempt {tries}" if tries > 1 else "")
        self._rows.append((event.action.value, event.step, result, seconds, event.summary))
        if event.error is not None and self._failure is None and not event.on:
            self._failure = (event.step, event.error)
        if event.action is Action.ROLLBACK:
            self._objects += (item for item in event.items if item.result in _PUT_BACK)

    def _over(self, event: RunEnded) -> None:
        self.parts.append(f"### Run `{event.run}`: {event.status} after {event.seconds:.1f} s")
        self.parts.append(self._steps())
        if self._failure is not None:
            self.parts.append(f"#### First failure: {_text(self._failure[0])}\n\n" + _failure(self._failure[1]))
        elif event.error is not None:
            self.parts.append("#### First failure\n\n" + _failure(event.error))
        if self._objects:
            rows = [(item.result, item.what, item.why, ", ".join(item.fields)) for item in self._objects]
            self.parts.append("#### Put back, or kept\n\n" + table(("result", "object", "why", "fields"), rows))
        if event.rollback_errors:
            left = [(str(error),) for error in event.rollback_errors]
            self.parts.append("#### Not put back\n\n" + table(("what",), left))
        if event.unrecorded is not None:
            self.parts.append("#### Not recorded\n\n" + _failure(event.unrecorded))
        if event.status in (Status.ROLLBACK_FAILED, Status.INTERRUPTED):
            how = finish(event.name or event.run, event.rollback_errors)
            self.parts.append(f"{how.words.capitalize()}:\n\n```sh\n{how.command}\n```\n\n{_text(how.note)}".rstrip())
        self._failure, self._objects = None, []

    def _steps(self) -> str:
        rows, self._rows = self._rows, []
        return table(("", "step", "result", "time", ""), rows) if rows else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table of plain text."""
    lines = [head, ["---"] * len(head), *([_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cut(text: str, room: int) -> str:
    """Return as much of a text as fits into `room` bytes: whole lines, tags closed, with a note that it was cut."""
    if len(text.encode()) <= room:
        return text
    left = room - len(_CUT.encode()) - len("\n</pre>")
    if left <= 0:
        return ""
    kept = text.encode()[:left].decode(errors="ignore").rpartition("\n")[0]
    return kept + ("\n</pre>" if kept.count("<pre>") > kept.count("</pre>") else "") + _CUT


def _failure(error: Exception) -> str:
    details = readable(getattr(error, "details", None))
    lines = [f"**{_named(error)}**: {_text(str(error))}"]
    if remedy := getattr(error, "remedy", None):
        lines.append(f"What to do: {_text(remedy)}")
    if others := details["failures"][1:]:
        rows = [(one.get("object", ""), one.get("why", "")) for one in others]
        lines.append(table(("also failed", "cause"), rows))
    if details.get("pod"):
        lines.append(f"Pod {_text(details['pod'])}, container {_text(details.get('container') or '')}")
    for name in ("events", "log"):
        if found := details[name]:
            lines.append(f"{name}:\n\n<pre>\n{html.escape(plain(chr(10).join(found)))}\n</pre>")
    return "\n\n".join(lines)


def _named(error: Exception) -> str:
    return kind_of(error)


def _text(text: Any) -> str:
    """Return plain text escaped for Markdown and HTML, in one line."""
    escaped = html.escape(plain(str(text)), quote=False)
    for sign in "\\`*_[]|~":
        escaped = escaped.replace(sign, f"\\{sign}")
    return "<br>".join(escaped.splitlines())
