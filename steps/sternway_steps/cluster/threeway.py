"""An object before a run, as it was applied, right after, and live: what is to be written so that it is as it was."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .fields import ABSENT, Fields, Items, Map, Path, Tree, at, fields_of, managed, same, trees, union, untree
from .merge import Difference, Merged, OnConflict, put_back
from .ownership import UNDO_MANAGER, GiveBack, with_owners
from .reconstruct import reconstruct
from .shape import Marks, Shape
from .snapshot import RUN, run_of, without_run
from .states import Owned, States

_KEPT_EMPTY = ("annotations", "labels", "finalizers", "ownerReferences")
RUN_FIELD: Path = ("f:metadata", "f:annotations", f"f:{RUN}")
_UNOWNED: set[Path] = {("f:apiVersion",), ("f:kind",), ("f:metadata", "f:name"), ("f:metadata", "f:namespace")}


@dataclass(frozen=True)
class Threeway:
    """What an undo makes of an object. `obj` is what is to be written; `restored` and `conflicts` name its fields."""

    states: States
    merged: Merged
    obj: dict[str, Any]
    owners: GiveBack
    noted: bool
    """Whether the run's annotation is another than before."""

    @property
    def restored(self) -> list[Difference]:
        """What is put back."""
        return self.merged.restored

    @property
    def conflicts(self) -> list[Difference]:
        """What a third party changed of what the run did."""
        return self.merged.conflicts


@dataclass(frozen=True)
class Run:
    """Whose change it is: the run's id and its field manager, what it applied, and what it left.

    `after` None: the record of what the apply made is lost. `claimed`: the managedFields that the object had when the
    apply met it, if the run had taken over what others owned.
    """

    run: str
    manager: str
    applied: Mapping[str, Any]
    after: Mapping[str, Any] | None = None
    claimed: list[dict[str, Any]] | None = None
    stored: Mapping[str, Any] | None = None
    """A new object made of `applied`, as the server would store it."""

    def met(self, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give the object as the run's apply met it."""
        return before if self.claimed is None else with_owners(before, self.claimed)


def threeway(
    before: Mapping[str, Any], live: Mapping[str, Any], of: Run, policy: OnConflict, shape: Shape | None
) -> Threeway:
    """Merge the object. `shape` None: it is read from the owners."""
    states = _states(before, live, of, shape)
    if of.after is None:
        states = states.with_after(reconstruct(states) if came(before, live, of, states) else states.before)
    merged = put_back(states, policy)
    obj = untree(merged.node)
    obj["metadata"] = _metadata(before, live, obj.get("metadata") or {})
    if "status" in live:
        obj["status"] = live["status"]
    left, recorded = (of.met(before), False) if of.after is None else (of.after, True)
    owners = GiveBack(before, left, recorded, of.manager, states, merged.node)
    return Threeway(states, merged, obj, owners, run_of(live) != run_of(before))


def reached(before: Mapping[str, Any], live: Mapping[str, Any], of: Run) -> bool:
    """Tell whether the run's apply reached the object, when there is no record of it; in doubt it did."""
    return came(before, live, of, _states(before, live, of, None))


def came(before: Mapping[str, Any], live: Mapping[str, Any], of: Run, states: States) -> bool:
    """Tell the same.

    An apply writes the run's annotation, which its manager then owns; so does it own all that it applied, and no more.
    Somebody may have removed the annotation since, and taken some of the fields, but hardly all that were new.
    """
    if run_of(live) == of.run:
        return True
    now = _entry(live, of.manager)
    if now is not None and owned_by(now, RUN_FIELD) and run_of(live) == run_of(before):
        return False
    said = _data(fields_of(live, manager=of.manager))
    kept = [path for path in _owned_leaves(said) if path != RUN_FIELD and path[0] != "f:stringData"]
    values = ((at(states.before, path), at(states.live, path)) for path in kept)
    if any(not same(was, value) for was, value in values if not isinstance(value, Map | Items)):
        return True
    if any(_unchanged(_entry(met, of.manager), now) for met in (before, of.met(before))):
        return False
    listed, had = leaves(states.applied), states.owned_before.ours or {}
    new = [path for path in listed if not holds(had, path)]
    if any(holds(said, path) for path in new):
        return True
    if any(at(states.applied, path) is ABSENT for path in kept):
        return False
    return not new


def owned_by(entry: Mapping[str, Any], path: Path) -> bool:
    """Tell whether an entry of managedFields holds a field."""
    fields: Any = entry.get("fieldsV1") or {}
    for part in path:
        fields = fields.get(part) if fields is not None else None
    return fields is not None


def _unchanged(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> bool:
    if was is None or now is None:
        return was is now
    return all(was.get(part) == now.get(part) for part in ("fieldsV1", "time"))


def holds(fields: Fields, path: Path) -> bool:
    """Tell whether a set holds a field."""
    return owned_by({"fieldsV1": fields}, path)


def leaves(node: Tree, path: Path = ()) -> set[Path]:
    """Give the fields of a manifest that its manager owns then."""
    if path in _UNOWNED:
        return set()
    if not isinstance(node, Map | Items) or not node:
        return {path} if path and node is not ABSENT else set()
    return {leaf for part, below in node.items() for leaf in leaves(below, (*path, part))}


def _owned_leaves(fields: Fields, path: Path = ()) -> list[Path]:
    parts = [part for part in fields if part != "."]
    if not parts:
        return [path] if path else []
    return [leaf for part in parts for leaf in _owned_leaves(fields[part], (*path, part))]


def _states(before: Mapping[str, Any], live: Mapping[str, Any], of: Run, shape: Shape | None) -> States:
    known = [obj for obj in (before, of.after, live) if obj is not None]
    shape = shape or Marks(union(*(fields_of(obj, status=True) for obj in known)) or None)
    right_after = of.after if of.after is not None else live
    applied = _as_stored(of.applied)
    objs = (before, applied, live, right_after, of.stored or applied)
    nodes = trees([without_run(obj) for obj in objs], shape)
    return States(
        nodes[0], nodes[1], nodes[2], nodes[3], nodes[4],
        owned_first=_owned(before, (of.manager,)),
        owned_before=_owned(of.met(before), (of.manager,)),
        owned_after=Owned(_data(fields_of(right_after, manager=of.manager))),
        owned_live=_owned(live, (of.manager, UNDO_MANAGER)),
    )  # fmt: skip


def _owned(obj: Mapping[str, Any], ours: tuple[str, ...]) -> Owned:
    mine = union(*(fields_of(obj, manager=name) for name in dict.fromkeys(ours)))
    others = fields_of(obj, but=ours, status=True)
    return Owned(_data(mine), _data(others))


def _entry(obj: Mapping[str, Any], manager: str) -> Mapping[str, Any] | None:
    return next((e for e in managed(obj) if e.get("manager") == manager and not e.get("subresource")), None)


def _data(fields: Fields) -> Fields:
    """Give fields with what a Secret's `stringData` becomes, for that is what its manager owns."""
    return union(fields, {"f:data": fields["f:stringData"]}) if "f:stringData" in fields else fields


def _as_stored(applied: Mapping[str, Any]) -> dict[str, Any]:
    """Give what was applied as the server stores it: no nulls, a Secret's `stringData` in its `data`."""
    applied = _without_nulls(applied)
    texts = applied.get("stringData")
    if applied.get("kind") != "Secret" or not isinstance(texts, Mapping):
        return dict(applied)
    coded = {key: base64.b64encode(str(text).encode()).decode() for key, text in texts.items()}
    bare = {key: value for key, value in applied.items() if key != "stringData"}
    return {**bare, "data": {**(applied.get("data") or {}), **coded}}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(below) for key, below in value.items() if below is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _metadata(before: Mapping[str, Any], live: Mapping[str, Any], merged: Mapping[str, Any]) -> dict[str, Any]:
    """Give metadata with the server's own of live (preconditions among them) and the run's annotation as before."""
    found = {k: v for k, v in live["metadata"].items() if k not in _KEPT_EMPTY} | dict(merged)
    if (run := run_of(before)) is not None:
        found["annotations"] = {**(found.get("annotations") or {}), RUN: run}
    return found
