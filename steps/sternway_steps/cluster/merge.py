"""What a run changed in an object, and the object with just that put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from . import fields as f
from .fields import Fields, Items, Map, Tree


class Absent:
    """No value, which is something else than null."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


class OnConflict(StrEnum):
    """What happens to a field of ours that a third party changed after us."""

    STOP = "stop"
    MERGE = "merge"
    FORCE = "force"


@dataclass(frozen=True)
class Difference:
    """One field that differs; a value may be ABSENT."""

    path: tuple[str, ...]
    old: Any
    new: Any


@dataclass
class Merged:
    """The object as it should be, and how it came about."""

    obj: dict[str, Any]
    restored: list[Difference] = field(default_factory=list)
    conflicts: list[Difference] = field(default_factory=list)
    """Fields of the run that a third party changed: old is what it was before the run, new what it is now."""


def diff(old: Tree, new: Tree, path: tuple[str, ...] = ()) -> list[Difference]:
    """List the fields in which two trees differ, in the order of the trees."""
    if _same(old, new):
        return []
    if _container(old) is not None and _container(old) is _container(new):
        keys = [*old, *(k for k in new if k not in old)]
        found = [d for k in keys for d in diff(old.get(k, ABSENT), new.get(k, ABSENT), (*path, k))]
        return found or [Difference(path, f.untree(old), f.untree(new))]  # items in another order
    return [Difference(path, _plain(old), _plain(new))]


def put_back(
    before: Mapping[str, Any], after: Mapping[str, Any], live: Mapping[str, Any], policy: OnConflict, marks: Fields
) -> Merged:
    """Merge three ways: what the run changed (before to after) goes back, all else stays as it is live."""
    trees = [f.tree(f.content(obj), marks) for obj in (before, after, live)]
    merged = Merged({})
    node = _merge(trees[0], trees[1], trees[2], (), policy, merged)
    merged.obj = f.untree(node)
    # Preconditions and what only the server may change come from the live object.
    merged.obj["metadata"] = {**live["metadata"], **merged.obj.get("metadata", {})}
    for name in set(live["metadata"]) & {"annotations", "labels", "finalizers", "ownerReferences"}:
        kept = node.get("f:metadata", {}).get(f"f:{name}", ABSENT)
        if kept is ABSENT:
            del merged.obj["metadata"][name]
    if "status" in live:
        merged.obj["status"] = live["status"]
    return merged


def _merge(before: Tree, after: Tree, live: Tree, path: tuple[str, ...], policy: OnConflict, out: Merged) -> Tree:
    if _same(before, after) or _same(live, before):
        return live
    if _same(live, after):
        out.restored += diff(before, live, path)
        return before
    kind = _common_container(before, after, live)
    if kind is None:
        if policy is OnConflict.FORCE:
            out.restored += diff(before, live, path)
            return before
        out.conflicts.append(Difference(path, _plain(before), _plain(live)))
        return live
    b, a, now = (kind() if node is ABSENT else node for node in (before, after, live))
    node = kind()
    for key in [*b, *(k for k in now if k not in b), *(k for k in a if k not in b and k not in now)]:
        value = _merge(b.get(key, ABSENT), a.get(key, ABSENT), now.get(key, ABSENT), (*path, key), policy, out)
        if value is not ABSENT:
            node[key] = value
    # An object that the run brought goes again when nobody else put anything into it.
    return ABSENT if before is ABSENT and not node else node


def reconstruct(
    before: Mapping[str, Any], applied: Mapping[str, Any], live: Mapping[str, Any], manager: str, marks: Fields
) -> dict[str, Any]:
    """Guess how the object looked right after the run's apply, when that evidence was lost.

    A field is the run's doing where it differs from before and our manager owns it, or nobody does (the server's
    defaults in what we added). A field that we applied and another manager owns now was changed by a third party.
    """
    ours, others = f.fields_of(live, manager=manager), f.fields_of(live, but=(manager,), status=True)
    was_others = f.fields_of(before, but=(manager,), status=True)
    was, wanted, now = (f.tree(f.content(obj), marks) for obj in (before, applied, live))
    result = f.untree(_after(was, wanted, now, ours, others, was_others))
    return dict(result)


def _after(before: Tree, applied: Tree, live: Tree, ours: Fields, others: Fields, was_others: Fields) -> Tree:
    if _same(before, live):
        return live
    kind = _common_container(before, live)
    if kind is not None and (before is not ABSENT or ours or others):
        b, now = (kind() if node is ABSENT else node for node in (before, live))
        a = applied if isinstance(applied, kind) else kind()
        node = kind()
        for key in [*b, *(k for k in now if k not in b)]:
            value = _after(
                b.get(key, ABSENT), a.get(key, ABSENT), now.get(key, ABSENT),
                ours.get(key) or ({".": {}} if key in ours else {}),
                others.get(key) or ({".": {}} if key in others else {}),
                was_others.get(key) or ({".": {}} if key in was_others else {}),
            )  # fmt: skip
            if value is not ABSENT:
                node[key] = value
        return node
    if live is ABSENT:
        # It vanished: by our apply when it was ours or a default, else by whoever owned it.
        return before if was_others and applied is ABSENT else ABSENT
    if ours or not others:
        return live
    return before if applied is ABSENT else applied


def _container(node: Tree) -> type[Map] | type[Items] | None:
    return type(node) if isinstance(node, Map | Items) else None


def _common_container(*nodes: Tree) -> type[Map] | type[Items] | None:
    kinds = {_container(node) for node in nodes if node is not ABSENT}
    return kinds.pop() if len(kinds) == 1 else None


def _same(one: Tree, other: Tree) -> bool:
    if isinstance(one, Items) and isinstance(other, Items) and list(one) != list(other):
        return False  # the order of containers or of variables has a meaning
    if _container(one) is not None and _container(one) is _container(other):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    return _container(one) is _container(other) and type(one) is type(other) and bool(one == other)


def _plain(node: Tree) -> Any:
    return node if node is ABSENT else f.untree(node)
