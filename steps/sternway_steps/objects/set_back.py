"""What a run had set and others have set back since, where the record of how the run left an object is lost.

An undo leaves such a field, for it is as before. But others may set it once more, between two requests of that undo:
to what the run had set, and it is put back as any other such field; or to something else, which is a conflict.
"""

from __future__ import annotations

from collections.abc import Iterator

from .reconstruct import says
from .states import States
from .tree import ABSENT, Items, Map, Path, Tree, same


def set_back(field: States) -> Iterator[Path]:
    """Yield the fields that others have set back: their owners are others, who took them from the run's manager."""
    if not _divided(field):
        return
    for part in field.parts():
        if _is_set_back(part):
            yield part.path
        else:
            yield from set_back(part)


def as_left(field: States) -> Tree:
    """Return `field.after` with what the run had set where others have set it back."""
    if _is_set_back(field):
        return field.stored
    if not _divided(field):
        return field.after
    parts = {part.path[-1]: as_left(part) for part in field.parts()}
    found = {name: parts[name] for name in dict.fromkeys([*field.after, *parts])}
    return type(field.after)({name: value for name, value in found.items() if value is not ABSENT})


def _divided(field: States) -> bool:
    return isinstance(field.after, Map | Items) and type(field.after) is type(field.applied)


def _is_set_back(field: States) -> bool:
    if field.applied is ABSENT or not (same(field.before, field.live) and same(field.after, field.live)):
        return False
    if field.live is ABSENT:
        return field.stored is not ABSENT and bool(field.stored)
    divided = isinstance(field.live, Map | Items) and type(field.live) is type(field.applied)
    others = field.owned_live.by_others and not field.owned_live.by_us
    return others and not divided and not says(field.stored, field.before)
