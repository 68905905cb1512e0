"""What a run changed of each object, by its journal alone, as it may be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..builtin.deploy.record import changes
from ..journal.entries import Record
from ..journal.replay import Story
from ..journal.step_journal import history_of
from ..objects.ref import Ref
from ..release.restore import Change
from ..release.shown_fields import Field, of_changed, of_created


@dataclass(frozen=True)
class RecordedChange:
    """One object that a step deployed, with the fields that it changed; values of Secrets are hidden.

    `result` is created, changed or unchanged; "" when what the server made of it is not recorded, and no field is told.
    """

    step: str
    ref: Ref
    result: str
    fields: tuple[Field, ...] = ()


def recorded_changes(records: Sequence[Record], story: Story) -> list[RecordedChange]:
    """Return what the steps of a run that deploy objects recorded, in the order of the steps.

    A record that is not as those steps write it tells nothing: the journal is foreign data.
    """
    found: list[RecordedChange] = []
    for step in _deploying(story):
        mine = [record for record in records if record.key.step == step]
        try:
            found += [_told(step, change) for change in changes(story.mark, history_of(mine))]
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
    return found


def _told(step: str, change: Change) -> RecordedChange:
    if change.after is None:
        return RecordedChange(step, change.ref, "")
    if change.before is None:
        return RecordedChange(step, change.ref, "created", tuple(of_created(change.applied, change.after)))
    fields = tuple(of_changed(change.before, change.after))
    return RecordedChange(step, change.ref, "changed" if fields else "unchanged", fields)


def _deploying(story: Story) -> Iterator[str]:
    groups: Sequence[Any] = story.config.get("steps") or ()
    each = (step for group in groups for step in ([group] if isinstance(group, Mapping) else group))
    yield from (str(step["name"]) for step in each if step.get("uses") == "deploy")
