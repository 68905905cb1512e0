"""What stands on the page, as plain data: the template says only where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...exits import DONE
from ...journal.replay import Attempt, Status, Story
from ...saga.recorded_changes import RecordedChange
from ...spec import Action
from ..runs_table import images, origin, who
from ..story_words import RESULTS, first_failure, following, meaning, staying
from .evidence import Failure, failures_of
from .objects import ShownObject, shown_objects
from .picture import Column, columns_of
from .times import clock, offset, seconds_of, span

_TONES = {
    Status.SUCCEEDED: "good", Status.UNDONE: "warn", Status.HELD: "warn", Status.RUNNING: "busy", Status.OPEN: "busy",
}  # fmt: skip
_WORDS = {**RESULTS, "": "cut off", "transient": "may pass", "rollbackfailed": "not put back"}
"""A word or two for each result of an attempt."""


@dataclass(frozen=True)
class Row:
    """One attempt in the timeline: `left` and `width` say where its bar is, in parts of a hundred."""

    step: str
    back: bool
    word: str
    tone: str
    at: str
    after: str
    took: str
    summary: str
    error: str
    remedy: str
    failures: tuple[Failure, ...]
    left: float
    width: float


@dataclass(frozen=True)
class Page:
    """All of it. `first` is the number of the row whose error is told at the top, 0 for none."""

    story: Story
    title: str
    tone: str
    meaning: str
    following: str
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    error: str
    first: Row | None
    damaged: tuple[tuple[str, str], ...]
    left: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    after: tuple[Row, ...]
    objects: tuple[ShownObject, ...]
    unchanged: tuple[str, ...]
    note: str


def page_of(story: Story, changes: Sequence[RecordedChange], note: str = "") -> Page:
    """Return the page of a run; `note` says why it is told less than its journal would."""
    objects = shown_objects(story, changes)
    first = first_failure(story)
    rows = {id(attempt): _row(attempt, story) for attempt in (*story.attempts, *story.after)}
    return Page(
        story=story,
        title=f"{story.status.value}: {f'run {story.run}' if story.run else 'a run'} of {story.target}",
        tone=_TONES.get(story.status, "bad"),
        meaning=meaning(story),
        following=following(story),
        facts=tuple(_facts(story)),
        error=story.error,
        first=rows[id(first)] if first is not None else None,
        damaged=tuple(story.damaged.items()),
        left=tuple(staying(story)),
        columns=columns_of(story),
        rows=tuple(rows[id(attempt)] for attempt in story.attempts),
        after=tuple(rows[id(attempt)] for attempt in story.after),
        objects=tuple(found for found in objects if not found.unchanged),
        unchanged=tuple(found.what for found in objects if found.unchanged),
        note=note,
    )


def _facts(story: Story) -> Sequence[tuple[str, tuple[str, ...]]]:
    """Return what is known of the run as pairs of a name and its values; what is not known is left out."""
    took = span(story.started, story.ended)
    found = (
        ("Began", clock(story.started)),
        ("Ended", f"{clock(story.ended)}" + (f", after {took}" if took else "") if story.ended else ""),
        ("By", "" if who(story) == "-" else who(story)),
        ("From", origin(story)),
        ("Sternway", str(story.by.get("version") or "")),
        ("Journal", story.place),
        ("Exit code", str(story.exit_code) if story.ended else ""),
    )
    return [
        *((name, (value,)) for name, value in found if value),
        *([("Images", images(story))] if images(story) else []),
    ]


def _row(attempt: Attempt, story: Story) -> Row:
    data: Mapping[str, Any] = attempt.data
    back = attempt.action is Action.ROLLBACK
    at_work = not attempt.result and story.status is Status.RUNNING
    word = "at work" if at_work else _WORDS.get(attempt.result, attempt.result)
    tone = "busy" if at_work else "bad" if attempt.result != DONE else "back" if back else "good"
    left, width = _bar(attempt, story)
    return Row(
        step=attempt.step + (f", attempt {attempt.number}" if attempt.number > 1 else ""),
        back=back,
        word=word if attempt.began else "not known",
        tone=tone,
        at=clock(attempt.began),
        after=offset(story.started, attempt.began),
        took=span(attempt.began, attempt.ended),
        summary=str(data.get("summary") or ""),
        error=str(data.get("error") or ""),
        remedy=str(data.get("remedy") or ""),
        failures=failures_of(data.get("details") or {}),
        left=left,
        width=width,
    )


def _bar(attempt: Attempt, story: Story) -> tuple[float, float]:
    """Return where the bar of an attempt begins and how long it is; the whole run is a hundred."""
    ends = [each.ended or each.began for each in story.attempts] + [story.ended]
    whole = max((seconds_of(story.started, end) or 0.0 for end in ends), default=0.0)
    begin, long = seconds_of(story.started, attempt.began), seconds_of(attempt.began, attempt.ended)
    if not whole or begin is None:
        return 0.0, 0.0
    left = min(max(begin / whole * 100, 0.0), 99.0)
    return round(left, 2), round(min(max((long or 0.0) / whole * 100, 1.0), 100 - left), 2)
