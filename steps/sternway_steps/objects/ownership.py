"""Restoring the owners of fields after their values: who owned what before the run.

An update takes the fields that it changes away from their owners. Left so, the next server-side apply of anybody would
meet a conflict with our undo. The API server accepts managedFields in an update that changes nothing else (source:
"Field management", Kubernetes documentation), so a second update restores the owners:

| step | request | owner of the restored fields |
| --- | --- | --- |
| 1 | update with the values before the run | UNDO_MANAGER |
| 2 | update with managedFields alone | as before the run |

An undo that is cut off between the two finds UNDO_MANAGER among the owners, and continues with step 2.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .field_manager import BEFORE_FIRST_APPLY
from .fields import Fields, managed, union
from .states import States
from .tree import ABSENT, Items, Map, Path, Tree, at, same

UNDO_MANAGER = "sternway-rollback"
"""The field manager of the first update of an undo; as long as it owns fields, the second one is still due."""

Entries = list[dict[str, Any]]
Owners = dict[tuple[Any, ...], set[Path]]
"""The fields of each manager, by (manager, operation, apiVersion, subresource)."""


def ownership_pending(live: Mapping[str, Any]) -> bool:
    """Return whether values were restored and their owners were not."""
    return any(entry.get("manager") == UNDO_MANAGER for entry in managed(live))


def owners(entries: Iterable[Mapping[str, Any]]) -> Owners:
    """Return the fields of each manager, comparable whatever the order and time of the entries."""
    found = ((key, _paths(fields)) for key, fields in by_identity(entries).items())
    return {key: paths for key, paths in found if paths}


def with_owners(obj: Mapping[str, Any], entries: Entries) -> dict[str, Any]:
    """Return an object with other managedFields."""
    return {**obj, "metadata": {**obj["metadata"], "managedFields": entries}}


@dataclass(frozen=True)
class OwnerRestore:
    """Computes the managedFields for an object whose values were restored.

    | field | its owner afterwards |
    | --- | --- |
    | restored | as before the run |
    | left alone | as live, except for what the run itself did, in the next rows |
    | claimed by the run's manager | not the run's manager any more |
    | taken by the run from another manager | that manager again |
    | no longer listed by the run, and still with its value | the run's manager again |
    | taken by somebody from the run's manager since | that somebody |
    """

    before: Mapping[str, Any]
    left: Mapping[str, Any]
    """The object as the run's apply left it, or, where that is not recorded, as it met it."""
    recorded: bool
    manager: str
    states: States
    final: Tree
    """The object after the undo."""
    applied: Mapping[str, Any] = field(default_factory=dict)
    """The manifest that the run applied."""
    came: bool = True
    """Whether the run's apply reached the object."""

    def entries(self, live: Mapping[str, Any], put: Iterable[Path], left: Iterable[Path] = ()) -> Entries:
        """Return the managedFields for the live object when the paths `put` have their values of before the run.

        What is `left` as others set it keeps its owners, but for what an undo wrote there and nobody changed since.
        """
        theirs, (was, now, met) = set(left), (owners(managed(obj)) for obj in (self.before, live, self.left))
        undone, pending = _Undone(now, put), _pending(now)
        ours = {path for key, found in now.items() if key[0] == self.manager for path in found}
        since = {p for key, found in now.items() if key[0] != self.manager for p in found - met.get(key, set())}
        claims = {path for key, found in met.items() if key[0] == self.manager for path in found}
        entries = {identity(entry): entry for entry in (*managed(self.before), *managed(live))}
        entries |= {identity(entry): entry for entry in managed(self.before) if entry.get("manager") == self.manager}
        out = []
        for key, entry in entries.items():
            there = now.get(key, set())
            then = {p for p in was.get(key, set()) if p in there or not _within(p, theirs) or self._is_back(p, pending)}
            if key[0] == UNDO_MANAGER or (key[0] == BEFORE_FIRST_APPLY and self.came and not was):
                continue  # an undo's, or what the server made of an object that nobody had owned when the run applied
            if key[3] == "status":
                paths = there
            elif key[0] == self.manager:
                paths = {p for p in then if p in there or p in undone or self._dropped(p, claims, ours, since)}
            else:
                taken = {p for p in then - met.get(key, set()) - since if self._holds(p)}
                taken |= {p for p in then & ours if self._rewritten(p, ours)}
                taken |= {p for p in then if p not in there and self._filled(p)}
                back = {p for p in then if p in undone and not self._missing(p)}
                paths = there | back | taken
            if paths:
                out.append({**entry, "fieldsV1": _fields(paths)})
        return out or [{}]  # an empty list would stand for "as they are"

    def _dropped(self, path: Path, claims: set[Path], ours: set[Path], since: set[Path]) -> bool:
        """Return whether the run no longer listed a field; a map that it fills is no longer listed as an empty one.

        Data under a text of the run may be listed or not: what others have come to own `since`, they took.
        """
        if self.recorded:
            return path not in claims and self._holds(path)
        applied = self._at(self.states.applied, path)
        if path[0] == "f:stringData" and len(path) == 2 and path[1][2:] not in (self.applied.get("stringData") or {}):
            applied = ABSENT  # the run lists it as data, or not at all
        filled = isinstance(applied, Map | Items) and bool(applied) and path[-1][0] == "f"
        taken = path in since
        return (applied is ABSENT or ((filled or _has_text(path, ours)) and not taken)) and self._holds(path)

    def _rewritten(self, path: Path, ours: set[Path]) -> bool:
        """Return whether the run took a field from others and left it as it was.

        It applied the same in another form than the server stores: "1000m", a zero, a list without defaults. Where
        the apply is recorded, the owners that it left tell this.
        """
        applied = ABSENT if self.recorded else self._at(self.states.applied, path)
        if applied is ABSENT or not self._holds(path):
            return False
        if path[0] == "f:stringData":
            return True
        if _has_text(path, ours):
            return bool((self.applied.get("data") or {}).get(path[1][2:]) != self._at(self.states.before, path))
        if isinstance(applied, Map | Items):
            return self._at(self.final, path) is ABSENT  # an empty one is not stored
        return not same(applied, self._at(self.states.before, path))

    def _filled(self, path: Path) -> bool:
        """Return whether others owned the empty `stringData` of a Secret, which is theirs no more: the run lists texts.

        Another map that is empty is absent, and goes back whole; what is stored of this one is the `data`.
        """
        texts = self.applied.get("stringData") if path == ("f:stringData",) and not self.recorded else None
        return bool(texts) and self._holds(path)

    def _is_back(self, path: Path, pending: set[Path]) -> bool:
        """Return whether an undo wrote a field, and it is as it was: a key of an item in which others changed more."""
        return path in pending and self._holds(path)

    def _missing(self, path: Path) -> bool:
        """Return whether a field existed before and does not: others removed it, from a map that was restored empty."""
        return self._at(self.states.before, path) is not ABSENT and self._at(self.final, path) is ABSENT

    def _holds(self, path: Path) -> bool:
        was, value = self._at(self.states.before, path), self._at(self.final, path)
        return same(was, value) or (type(was) is type(value) and isinstance(was, Map | Items))

    def _at(self, node: Tree, path: Path) -> Tree:
        # A Secret's `stringData` is stored as its `data`.
        return at(node, ("f:data", *path[1:]) if path[0] == "f:stringData" else path)


class _Undone:
    """The fields that were put back: by this undo, and by an earlier one that did not come to give them back."""

    def __init__(self, now: Owners, put: Iterable[Path]) -> None:
        pending = _pending(now)
        inner = {path[:length] for path in pending for length in range(1, len(path))}
        self._single = pending & inner  # a map that was made again does not bring back all that was in it
        self._whole = (pending - inner) | set(put)

    def __contains__(self, path: Path) -> bool:
        if path[0] == "f:stringData":
            path = ("f:data", *path[1:])
        return path in self._single or _within(path, self._whole)


def _pending(now: Owners) -> set[Path]:
    return {path for key, found in now.items() if key[0] == UNDO_MANAGER for path in found}


def _within(path: Path, paths: Container[Path]) -> bool:
    return any(path[:length] in paths for length in range(1, len(path) + 1))


def _has_text(path: Path, ours: set[Path]) -> bool:
    """Return whether a Secret's `stringData`, which is never stored and goes before `data`, is ours at the same key."""
    return path[0] == "f:data" and len(path) > 1 and ("f:stringData", *path[1:]) in ours


def identity(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what identifies an entry of managedFields."""
    return tuple(entry.get(key) for key in ("manager", "operation", "apiVersion", "subresource"))


def by_identity(entries: Iterable[Mapping[str, Any]]) -> dict[tuple[Any, ...], Fields]:
    """Return the fields of each manager; one that wrote at two times may have two entries (kube-apiserver 1.34)."""
    found: dict[tuple[Any, ...], Fields] = {}
    for entry in entries:
        if entry:
            key = identity(entry)
            found[key] = union(found.get(key, {}), entry.get("fieldsV1") or {})
    return found


def merged_entries(obj: Mapping[str, Any]) -> Entries:
    """Return the managedFields with one entry for each manager.

    Of two the server keeps the last one alone with the next write, whoever writes (kube-apiserver 1.34: a scale of what
    a manager had updated makes a second one).
    """
    fields, entries = by_identity(managed(obj)), {identity(entry): entry for entry in managed(obj) if entry}
    return [{**entry, "fieldsV1": fields[key]} for key, entry in entries.items()]


def _paths(fields: Fields, path: Path = ()) -> set[Path]:
    """Return a set of fields as paths; an item or a map that is owned itself is a path too."""
    found: set[Path] = {path} if path and ("." in fields or not fields) else set()
    for part, below in fields.items():
        if part != ".":
            found |= _paths(below, (*path, part))
    return found


def _fields(paths: set[Path]) -> Fields:
    found: Fields = {}
    for path in sorted(paths):
        node = found
        for part in path:
            node = node.setdefault(part, {})
    for path in paths:
        node = found
        for part in path:
            node = node[part]
        if node:
            node["."] = {}
    return found
