"""What `sternway status` shows of a target: as JSON data, and as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ..journal.replay import Story
from ..saga.target_status import TargetStatus
from .show import moment
from .story_words import following


def data_of(status: TargetStatus) -> dict[str, Any]:
    """Return it as JSON data: live, last and at_work are null when there is none."""
    return {
        "target": status.target,
        "journal": status.journal,
        "live": _run(status.live) if status.live else None,
        "last": _run(status.last) if status.last else None,
        "holds": [asdict(hold) for hold in status.holds],
        "at_work": asdict(status.at_work) if status.at_work else None,
    }


def lines_of(status: TargetStatus) -> Iterator[str]:
    """Yield the same as text."""
    yield f"target {status.target} (journal: {status.journal})"
    live, last, work = status.live, status.last, status.at_work
    yield f"  live: {_said(live)}" if live else "  live: nothing that a run here deployed"
    if last is not None and (live is None or last.run != live.run):
        error = f": {last.error.partition(chr(10))[0]}" if last.error else ""
        yield f"  last: {_said(last)}, {last.status.value}{error}"
        if command := following(last):
            yield f"    {command}"
    for hold in status.holds:
        yield f"  held since {moment(hold.since)}: what run {hold.run} deployed: {hold.why}"
    if status.holds:
        yield f"    to let a schedule deploy it again: sternway unhold {status.target}"
    if work is None:
        yield "  at work: nobody"
    else:
        doing = f": {work.doing}" if work.doing else ""
        yield f"  at work: run {work.run} on {work.host}, pid {work.pid}{doing}"


def _said(story: Story) -> str:
    since = f"ended {moment(story.ended)}" if story.ended else f"began {moment(story.started)}"
    who = f", by {story.by['user']} on {story.by['host']}" if {"user", "host"} <= set(story.by) else ""
    workflow = f", by Workflow {story.workflow}" if story.workflow else ""
    return f"run {story.run}, {since}{who or workflow}"


def _run(story: Story) -> dict[str, Any]:
    names = ("run", "started", "ended", "status", "error", "workflow", "back_to")
    return {**{name: str(getattr(story, name)) for name in names}, "by": dict(story.by), "exit_code": story.exit_code}
