"""Whether a run's apply reached an object, when the record of it is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .fields import Fields, common, fields_of, managed, minus
from .ownership import by_identity, ownership_pending, with_owners
from .run_annotation import RUN, run_of
from .states import States
from .stored_form import as_stored, changed_data, with_data
from .tree import ABSENT, Items, Map, Path, Tree, at, same

RUN_FIELD: Path = ("f:metadata", "f:annotations", f"f:{RUN}")
_UNOWNED: set[Path] = {("f:apiVersion",), ("f:kind",), ("f:metadata", "f:name"), ("f:metadata", "f:namespace")}


@dataclass(frozen=True)
class AppliedRun:
    """The run whose change is undone: its id and field manager, what it applied, and what it left.

    `after` is None when the record of what the apply made is lost. `claimed` are the managedFields that the object had
    when the apply met it, if the run had taken over what others owned.
    """

    run: str
    manager: str
    applied: Mapping[str, Any]
    after: Mapping[str, Any] | None = None
    claimed: list[dict[str, Any]] | None = None
    stored: Mapping[str, Any] | None = None
    """A new object made of `applied`, as the server would store it."""

    def met(self, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the object as the run's apply met it."""
        return before if self.claimed is None else with_owners(before, self.claimed)


def apply_reached(before: Mapping[str, Any], live: Mapping[str, Any], of: AppliedRun, states: States) -> bool:
    """Return whether the run's apply reached the object; True in doubt.

    An apply writes the run's annotation, which its manager then owns, with all that it applied, and nothing else.
    Somebody may have removed the annotation since, and taken some of the fields, but hardly all that were new.
    """
    if run_of(live) == of.run or (ownership_pending(live) and not ownership_pending(before)):
        return True
    now = _entry(live, of.manager)
    if now is not None and owned_by(now, RUN_FIELD) and run_of(live) == run_of(before):
        return False
    owned = fields_of(live, manager=of.manager)
    holding = with_data(owned, changed_data(as_stored(of.applied), live))
    owned = with_data(owned)
    kept = [path for path in _owned_leaves(holding) if path != RUN_FIELD and path[0] != "f:stringData"]
    values = ((at(states.before, path), at(states.live, path)) for path in kept)
    if any(not same(was, value) for was, value in values if not isinstance(value, Map | Items)):
        return True
    met = (of.met(before),) if _took_over(before, live, of) else (before, of.met(before))
    if any(_unchanged(_entry(obj, of.manager), now) for obj in met):
        return False
    if all(_applied_since(_entry(obj, of.manager), now) for obj in met):
        return True
    listed, had = leaves(states.applied), states.owned_before.ours or {}
    new = [path for path in listed if not holds(had, path)]
    if any(holds(owned, path) for path in new):
        return True
    if any(at(states.applied, path) is ABSENT for path in kept):
        return False
    dropped = [path for path in _owned_leaves(had) if path != RUN_FIELD and at(states.applied, path) is ABSENT]
    return not new or any(not holds(owned, path) for path in dropped)


def in_doubt(live: Mapping[str, Any], of: AppliedRun, states: States) -> Tree:
    """Return how an object would be right after an apply that may have reached it; as before where nothing tells so.

    Somebody may have put his own object in the place of ours (`kubectl replace`), so that neither the run's annotation
    nor its manager is left to tell. What is as the run applied it is of both, or of him alone: nobody can know.
    """
    if run_of(live) == of.run or _entry(live, of.manager) is not None:
        return states.before
    return _set_alike(states)


def _set_alike(field: States) -> Tree:
    if same(field.before, field.live) or field.applied is ABSENT or field.live is ABSENT:
        return field.before
    kinds = {type(node) for node in (field.before, field.live, field.applied) if node is not ABSENT}
    kind = next(iter(kinds)) if len(kinds) == 1 else None
    if kind in (Map, Items):
        parts = {part.path[-1]: _set_alike(part) for part in field.parts()}
        found = {name: value for name, value in parts.items() if value is not ABSENT}
        return kind(found) if found else field.before
    return field.live if same(field.live, field.applied) else field.before


def stripped(live: Mapping[str, Any], of: AppliedRun) -> bool:
    """Return whether somebody removed the managedFields: the run's annotation is there, and nobody owns it."""
    return run_of(live) == of.run and not any(owned_by(entry, RUN_FIELD) for entry in managed(live))


def owned_by(entry: Mapping[str, Any], path: Path) -> bool:
    """Return whether an entry of managedFields holds a field."""
    return holds(entry.get("fieldsV1") or {}, path)


def _entry(obj: Mapping[str, Any], manager: str) -> Mapping[str, Any] | None:
    return next((e for e in managed(obj) if e.get("manager") == manager and not e.get("subresource")), None)


def _took_over(before: Mapping[str, Any], live: Mapping[str, Any], of: AppliedRun) -> bool:
    """Return whether the run took over fields of others: none of them owns any of these now."""
    if of.claimed is None:
        return False
    left, now = by_identity(of.claimed), by_identity(managed(live))
    others = {key: fields for key, fields in by_identity(managed(before)).items() if key[0] != of.manager}
    taken = {key: minus(fields, left.get(key, {})) for key, fields in others.items()}
    return any(taken.values()) and not any(common(now.get(key, {}), fields) for key, fields in taken.items())


def _unchanged(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> bool:
    """Return whether the manager has not applied since: its entry keeps its time then, whatever others take."""
    if was is None or now is None:
        return was is now
    dated = was.get("time") is not None
    return was.get("time") == now.get("time") and (dated or was.get("fieldsV1") == now.get("fieldsV1"))


def _applied_since(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> bool:
    """Return whether the manager applied since: its entry has a newer time (seconds), which others never move."""
    return was is not None and now is not None and was.get("time") != now.get("time")


def holds(fields: Fields, path: Path) -> bool:
    """Return whether a set holds a field."""
    found: Fields | None = fields
    for part in path:
        found = found.get(part) if found is not None else None
    return found is not None


def leaves(node: Tree, path: Path = ()) -> set[Path]:
    """Return the fields that the manager of a manifest owns after applying it."""
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
