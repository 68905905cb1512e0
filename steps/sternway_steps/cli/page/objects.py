"""Each thing that a run touched: what became of it forward and back, and the lines of what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...journal.replay import Story
from ...plural import count
from ...saga.recorded_changes import RecordedChange
from ...spec import Action
from ..plan_lines import Line, field_lines

_MOST = 400
"""Lines that are shown of one object."""


@dataclass(frozen=True)
class Fate:
    """What became of a thing on one way; `result` "" when nothing is recorded."""

    result: str = ""
    why: str = ""
    fields: tuple[str, ...] = ()


@dataclass
class ShownObject:
    """One thing: what a step did to it, what its undo did, and the lines of the change."""

    step: str
    what: str
    did: Fate = Fate()
    undone: Fate = Fate()
    lines: list[Line] = field(default_factory=list)

    @property
    def unchanged(self) -> bool:
        """Whether nothing happened to it on either way."""
        return self.did.result == "unchanged" and self.undone.result in ("", "absent", "unchanged")


def shown_objects(story: Story, changes: Sequence[RecordedChange]) -> list[ShownObject]:
    """Return them in the order in which they were touched; a later attempt tells more than an earlier one."""
    found: dict[tuple[str, str], ShownObject] = {}

    def of(step: str, what: str) -> ShownObject:
        return found.setdefault((step, what), ShownObject(step, what))

    for attempt in story.attempts:
        for item in _items(attempt.data):
            shown, fate = of(attempt.step, str(item["what"])), _fate(item)
            if attempt.action is Action.ROLLBACK:
                shown.undone = fate
            else:
                shown.did = fate
    for change in changes:
        shown = of(change.step, str(change.ref))
        # An attempt that failed tells no items; what the server made of each object is recorded before.
        shown.did = shown.did if shown.did.result else Fate(change.result or "not known whether it was applied")
        shown.lines = list(_cut([line for one in change.fields for line in field_lines(one)]))
    return list(found.values())


def _items(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for item in data.get("items") or ():
        if isinstance(item, Mapping) and "what" in item and "result" in item:
            yield item


def _fate(item: Mapping[str, Any]) -> Fate:
    return Fate(str(item["result"]), str(item.get("why") or ""), tuple(map(str, item.get("fields") or ())))


def _cut(lines: list[Line]) -> Iterator[Line]:
    yield from lines[:_MOST]
    if len(lines) > _MOST:
        yield Line(f"… {count(len(lines) - _MOST, 'more line')}")
