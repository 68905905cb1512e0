"""What a run changed in an object, and the object with just that put back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .fields import ABSENT, Items, Map, Path, Tree, same, untree
from .list_order import in_order
from .states import States

__all__ = ["ABSENT", "Difference", "Merged", "OnConflict", "diff", "put_back"]


class OnConflict(StrEnum):
    """What happens to a field of ours that a third party changed after us."""

    STOP = "stop"
    MERGE = "merge"
    FORCE = "force"


@dataclass(frozen=True)
class Difference:
    """One field that differs; a value may be ABSENT."""

    path: Path
    old: Any
    new: Any
    order: bool = False
    """Whether it is the order of a list alone, and not the items in it."""


@dataclass
class Merged:
    """A value as it should be, and how it came about."""

    node: Tree = ABSENT
    restored: list[Difference] = field(default_factory=list)
    """What is put back: old is what it was before the run, new what it is now."""
    emptied: list[Path] = field(default_factory=list)
    """Maps and lists that are empty now, and come or go with what was put back beside others' changes in them."""
    conflicts: list[Difference] = field(default_factory=list)
    """Fields of the run that a third party changed: old is what it was before the run, new what it is now."""
    left: list[Path] = field(default_factory=list)
    """Where these are left as they are: fields and whole items."""


def diff(old: Tree, new: Tree, path: Path = ()) -> list[Difference]:
    """List the fields in which two trees differ, in the order of the trees."""
    if same(old, new):
        return []
    kind = type(old)
    if kind in (Map, Items) and kind is type(new):
        keys = [*old, *(k for k in new if k not in old)]
        found = [d for k in keys for d in diff(old.get(k, ABSENT), new.get(k, ABSENT), (*path, k))]
        return found or [Difference(path, untree(old), untree(new), order=True)]
    return [Difference(path, _plain(old), _plain(new))]


def put_back(states: States, policy: OnConflict) -> Merged:
    """Merge three ways: what the run changed (before to after) goes back, all else stays as it is live.

    For each field: before = after, live stays. Live = after, before comes back. Live = before, it stays. Else
    somebody changed it after the run, and the policy decides. But it is no conflict where nobody else wrote: a field
    of the run that its manager still owns comes back, and one that the run did not apply stays as server or admission
    made it, if nobody else has come to own it since.
    An item of a keyed list keeps its key: where it is not in all three, it is kept, comes back or goes as a whole.
    """
    out = Merged()
    out.node = _merge(states, policy, out)
    return out


def _merge(one: States, policy: OnConflict, out: Merged) -> Tree:
    if same(one.before, one.after) or same(one.live, one.before):
        return one.live
    if same(one.live, one.after):
        return _back(one, out)
    kind = one.kind
    if kind is None:
        return _contested(one, policy, out)
    node = kind()
    for part in one.parts():
        value = _merge(part, policy, out)
        if value is not ABSENT:
            node[part.path[-1]] = value
    if not node:
        # What is empty is still there, if it is to be there: it goes with the run that brought it.
        decides = one.live if (one.before is ABSENT) == (one.after is ABSENT) else one.before
        if decides is not one.live:
            out.emptied.append(one.path)
        return ABSENT if decides is ABSENT else node
    return _order(one, node, policy, out) if isinstance(node, Items) else node


def _back(one: States, out: Merged) -> Tree:
    out.restored += diff(one.before, one.live, one.path)
    return one.before


def _contested(one: States, policy: OnConflict, out: Merged) -> Tree:
    """Decide what is neither as before nor as right after the run."""
    forced = policy is OnConflict.FORCE
    theirs = _by_others(one) if one.of_the_run else one.set_since
    if not one.of_the_run and not theirs and not (forced and one.owned_live.by_others):
        return one.live
    if forced or not theirs:
        return _back(one, out)
    out.conflicts += diff(one.before if one.before is not ABSENT else one.after, one.live, one.path)
    out.left.append(one.path)
    return one.live


def _by_others(one: States) -> bool:
    """Return whether a third party changed it since: the run's manager owns the field no more.

    Often nobody does then: others removed it, gave it up again, or own a map and not what the server put into it.
    """
    if same(one.live, one.after):
        return False
    kind = type(one.live)
    if kind in (Map, Items) and kind is type(one.after):
        inner = any(_by_others(part) for part in one.parts())
        moved = [name for name in one.live if name in one.after] != [name for name in one.after if name in one.live]
        return inner or (kind is Items and moved)  # an order has no owner
    if one.live is ABSENT:
        return True
    into = one.after is ABSENT and one.owned_live.by_others  # they put something into an item that an undo put back
    return one.scaled or into or not one.owned_live.by_us


def _order(one: States, node: Items, policy: OnConflict, out: Merged) -> Items:
    """Put items into the order of before when the run changed it, else leave them as they stand."""
    states = [list(state) if isinstance(state, Items) else [] for state in (one.before, one.after, one.live)]
    common = [name for name in states[0] if all(name in state for state in states)]
    before, after, live = ([name for name in state if name in common] for state in states)
    changed = before not in (after, live)
    if changed and live != after and policy is not OnConflict.FORCE:
        out.conflicts.append(Difference(one.path, untree(one.before), untree(one.live)))
        changed = False
    elif changed:
        out.restored.append(Difference(one.path, untree(one.before), untree(one.live), order=True))
    first, second = (states[0], states[2]) if changed else (states[2], states[0])
    return Items({name: node[name] for name in in_order(node, first, second)})


def _plain(node: Tree) -> Any:
    return node if node is ABSENT else untree(node)
