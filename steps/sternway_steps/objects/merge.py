"""The three-way merge of one object's fields: what a run changed is reverted, what others changed stays."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .list_order import in_order
from .states import States
from .tree import ABSENT, Items, Map, Path, Tree, same, untree

__all__ = ["ABSENT", "Difference", "Merged", "OnConflict", "diff", "three_way_merge"]


class OnConflict(StrEnum):
    """What the undo does with a field that somebody else changed after the run (L3)."""

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
    """Whether only the order of a list differs, and not its items."""


@dataclass
class Merged:
    """The merged value, and how each of its fields was decided."""

    node: Tree = ABSENT
    restored: list[Difference] = field(default_factory=list)
    """Fields that are restored: old is the value before the run, new the live one."""
    emptied: list[Path] = field(default_factory=list)
    """Maps and lists that are empty now, and come or go with what was restored beside others' changes in them."""
    conflicts: list[Difference] = field(default_factory=list)
    """Fields of the run that somebody else changed: old is the value before the run, new the live one."""
    left: list[Path] = field(default_factory=list)
    """The paths of conflicts that are left as they are: fields and whole items."""


def diff(old: Tree, new: Tree, path: Path = ()) -> list[Difference]:
    """Return the fields in which two trees differ, in the order of the trees."""
    if same(old, new):
        return []
    kind = type(old)
    if kind in (Map, Items) and kind is type(new):
        keys = [*old, *(k for k in new if k not in old)]
        found = [d for k in keys for d in diff(old.get(k, ABSENT), new.get(k, ABSENT), (*path, k))]
        return found or [Difference(path, untree(old), untree(new), order=True)]
    return [Difference(path, _value(old), _value(new))]


def three_way_merge(states: States, policy: OnConflict) -> Merged:
    """Return the object as it should be: what the run changed (before to after) is reverted, all else stays live.

    | state of a field | result |
    | --- | --- |
    | before = after: the run did not change it | live |
    | live = before | live |
    | live = after: only the run changed it | before |
    | the same, and another target came to apply it too: its run stands on it | a conflict, by the policy |
    | the same, and nothing tells that the run had come to apply the object | a conflict, by the policy |
    | neither, and the run's manager still owns it: the server changed its form | before |
    | neither, the run did not apply it, and nobody came to own it since: the server or admission set it | live |
    | anything else: somebody changed it after the run | a conflict, by the policy |

    The policy: stop and merge leave the live value (with stop, the whole object is left), force restores the one
    before. An item of a keyed list keeps its key: where it is not in all three states, it is kept, restored or removed
    as a whole.
    """
    out = Merged()
    out.node = _merge(states, policy, out)
    return out


def _merge(one: States, policy: OnConflict, out: Merged) -> Tree:
    if same(one.before, one.after) or same(one.live, one.before):
        return one.live
    if same(one.live, one.after) and not one.contested:
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
    """Decide a field that is neither as before nor as right after the run."""
    forced = policy is OnConflict.FORCE
    theirs = _changed_by_others(one) if one.of_the_run else one.set_since
    if not one.of_the_run and not theirs and not (forced and one.owned_live.by_others):
        return one.live
    if forced or not (theirs or one.contested):
        return _back(one, out)
    changed = one.before is ABSENT and not same(one.after, one.live)  # an item of the run: what others made of it
    out.conflicts += diff(one.after if changed else one.before, one.live, one.path)
    out.left.append(one.path)
    return one.live


def _changed_by_others(one: States) -> bool:
    """Return whether somebody else changed it since: the run's manager owns the field no more.

    Often nobody owns it then: others removed it, gave it up again, or own a map and not what the server put into it.
    """
    if same(one.live, one.after):
        return False
    kind = type(one.live)
    if kind in (Map, Items) and kind is type(one.after):
        inner = any(_changed_by_others(part) for part in one.parts())
        moved = [name for name in one.live if name in one.after] != [name for name in one.after if name in one.live]
        return inner or (kind is Items and moved)  # an order has no owner
    if one.live is ABSENT:
        return True
    into = one.after is ABSENT and one.owned_live.by_others  # they put something into an item that an undo put back
    return one.scaled or into or not one.owned_live.by_us


def _order(one: States, node: Items, policy: OnConflict, out: Merged) -> Items:
    """Return the items in the order of before when the run changed the order, else in the live one."""
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


def _value(node: Tree) -> Any:
    return node if node is ABSENT else untree(node)
