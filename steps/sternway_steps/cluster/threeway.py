"""An object before a run, as it was applied, right after, and live: what is to be written so that it is as it was."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .fields import Fields, Path, Tree, fields_of, managed, trees, union, untree
from .merge import Difference, OnConflict, put_back
from .ownership import UNDO_MANAGER
from .reconstruct import reconstruct
from .shape import Marks, Shape
from .snapshot import RUN, run_of, without_run
from .states import Owned, States

_KEPT_EMPTY = ("annotations", "labels", "finalizers", "ownerReferences")
RUN_FIELD: Path = ("f:metadata", "f:annotations", f"f:{RUN}")


@dataclass(frozen=True)
class Threeway:
    """What an undo makes of an object. `obj` is what is to be written; `restored` and `conflicts` name its fields."""

    states: States
    obj: dict[str, Any]
    restored: list[Difference]
    conflicts: list[Difference]
    emptied: list[Path]
    final: Tree
    """`obj` as a tree, without the metadata that the server owns."""
    noted: bool
    """Whether the run's annotation is another than before."""


@dataclass(frozen=True)
class Run:
    """Whose change it is: the run's id and its field manager, and what it applied."""

    run: str
    manager: str
    applied: Mapping[str, Any]


def threeway(
    before: Mapping[str, Any],
    after: Mapping[str, Any] | None,
    live: Mapping[str, Any],
    of: Run,
    policy: OnConflict,
    shape: Shape | None,
) -> Threeway:
    """Merge the object; `after` None: the record of it is lost. `shape` None: it is read from the owners."""
    states = _states(before, after, live, of, shape)
    merged = put_back(states, policy)
    obj = untree(merged.node)
    obj["metadata"] = _metadata(before, live, obj.get("metadata") or {})
    if "status" in live:
        obj["status"] = live["status"]
    return Threeway(
        states, obj, merged.restored, merged.conflicts, merged.emptied, merged.node, run_of(live) != run_of(before)
    )


def came(before: Mapping[str, Any], live: Mapping[str, Any], of: Run) -> bool:
    """Tell whether the run's apply reached the object, when there is no record of it; in doubt it did.

    An apply writes the run's annotation, which its manager then owns, and gives the manager's entry a new time.
    """
    if run_of(live) == of.run:
        return True
    was, now = (_entry(obj, of.manager) for obj in (before, live))
    if was is None or now is None:
        return was is not now
    if all(was.get(part) == now.get(part) for part in ("time", "fieldsV1")):
        return False
    return not owned_by(now, RUN_FIELD) or run_of(live) != run_of(before)


def owned_by(entry: Mapping[str, Any], path: Path) -> bool:
    """Tell whether an entry of managedFields holds a field."""
    fields: Any = entry.get("fieldsV1") or {}
    for part in path:
        fields = fields.get(part) if fields is not None else None
    return fields is not None


def _states(
    before: Mapping[str, Any], after: Mapping[str, Any] | None, live: Mapping[str, Any], of: Run, shape: Shape | None
) -> States:
    known = [obj for obj in (before, after, live) if obj is not None]
    shape = shape or Marks(union(*(fields_of(obj, status=True) for obj in known)) or None)
    applied = _as_stored(of.applied)
    right_after = after if after is not None else live
    nodes = trees([without_run(obj) for obj in (before, applied, live, right_after)], shape)
    states = States(
        nodes[0], nodes[1], nodes[2], nodes[3],
        owned_before=_owned(before, (of.manager,)),
        owned_after=Owned(_data(fields_of(right_after, manager=of.manager))),
        owned_live=_owned(live, (of.manager, UNDO_MANAGER)),
    )  # fmt: skip
    if after is not None:
        return states
    return states.with_after(reconstruct(states) if came(before, live, of) else states.before)


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
