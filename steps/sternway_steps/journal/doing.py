"""What a run that is at work does at the moment, for whoever waits for its target."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import SternwayError
from ..spec import Action
from .entries import Kind, Record
from .replay import Attempt, replay


def doing(read: Callable[[str], Sequence[Record]], run: str) -> str:
    """Say it in a few words, by what the run's records say last; "" when they can't be read, or say nothing yet."""
    try:
        records = read(run)
        story = replay(records)
    except SternwayError:
        return ""
    working = [one for one in story.attempts if not one.ended]
    if not working:
        return f"after step {story.attempts[-1].step}" if story.attempts else "about to begin"
    by_key = {(r.key.step, r.key.action, r.key.attempt): r for r in records}
    return "; ".join(_said(one, by_key[one.step, one.action.value, one.number]) for one in working)


def _said(attempt: Attempt, record: Record) -> str:
    does = "undoing" if attempt.action is Action.ROLLBACK else "executing"
    applied, wanted = counted(record)
    progress = f" ({applied} of {wanted} objects)" if wanted else ""
    return f"{does} step {attempt.step} since {attempt.began[11:19]}{progress}"


def counted(record: Record) -> tuple[int, int]:
    """Return how many objects an attempt is recorded to have applied, and how many it was to apply; (0, 0) for none."""
    return _objects(record, Kind.EVIDENCE), _objects(record, Kind.INTENT)


def _objects(record: Record, kind: Kind) -> int:
    """Count what is recorded of objects, as steps do that deploy them."""
    found = (entry.data.get("objects") for entry in record.entries if entry.kind is kind)
    return sum(len(objects) for objects in found if isinstance(objects, list))
