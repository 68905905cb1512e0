"""Where conditions stand in a status: in the status itself, and in parts of it."""

from __future__ import annotations

from collections.abc import Iterator

from .object_fields import Obj

_PARTS = ("parents", "ancestors", "listeners")
"""Lists in a status whose items have conditions of their own (source: Gateway API)."""

Group = tuple[str, list[Obj]]
"""The path of the part, "" for the status itself, and its conditions."""


def status_of(obj: Obj) -> Obj:
    """Return the status; an empty mapping when there is none, or it is no mapping."""
    status = obj.get("status")
    return status if isinstance(status, dict) else {}


def groups_of(status: Obj) -> Iterator[Group]:
    """Yield the conditions of a status, then those of each part that has some of its own."""
    yield "", _conditions(status)
    for key in _PARTS:
        parts = status.get(key)
        for number, part in enumerate(parts if isinstance(parts, list) else []):
            if isinstance(part, dict):
                ref = next((r for r in (part.get("parentRef"), part.get("ancestorRef")) if isinstance(r, dict)), part)
                yield f"{key}[{ref.get('name', number)}]", _conditions(part)


def _conditions(status: Obj) -> list[Obj]:
    listed = status.get("conditions")
    return (
        [c for c in listed if isinstance(c, dict) and isinstance(c.get("type"), str)]
        if isinstance(listed, list)
        else []
    )
