"""Who owned which field before the run, written back after its values were put back.

An update takes the fields that it changes away from their owners. Left so, the next server-side apply of anybody
would meet a conflict with our undo. The API server takes managedFields from an update that changes nothing else
(source: "Field management", Kubernetes documentation), so a second update gives the fields back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .fields import ABSENT, Fields, Items, Map, Path, Tree, at, managed, same
from .states import States

UNDO_MANAGER = "sternway-rollback"
"""The field manager of the first update of an undo; as long as it owns fields, the second one is still due."""

Entries = list[dict[str, Any]]


def pending(live: Mapping[str, Any]) -> bool:
    """Tell whether values were put back and their ownership was not."""
    return any(entry.get("manager") == UNDO_MANAGER for entry in managed(live))


def given_back(
    before: Mapping[str, Any],
    live: Mapping[str, Any],
    manager: str,
    states: States,
    final: Tree,
    put: Iterable[Path],
    held: Mapping[str, Any] | None = None,
) -> Entries:
    """Give the managedFields for an object whose values at the paths `put` are as before the run again.

    What was put back is owned as before. What was not is owned as now, but for what the run itself did: a field that
    its manager claimed it claims no more, one that it took from another goes back, and one that it no longer listed it
    claims again, if it holds what it held in `final`, the object as it is then. A field that somebody took from it
    since stays theirs. `held` is the object as the run's apply met it, when it had taken over what others owned.
    """
    was, now = owners(managed(before)), owners(managed(live))
    undone = {path for key, found in now.items() if key[0] == UNDO_MANAGER for path in found} | set(put)
    met = was if held is None else owners(managed(held))
    since = {path for key, found in now.items() if key[0] != manager for path in found - met.get(key, set())}
    entries = {_identity(entry): entry for entry in (*managed(before), *managed(live))}
    entries |= {_identity(entry): entry for entry in managed(before) if entry.get("manager") == manager}
    out = []
    for key, entry in entries.items():
        then, there = was.get(key, set()), now.get(key, set())
        if key[0] == UNDO_MANAGER:
            continue
        if key[3] == "status":
            paths = there
        elif key[0] == manager:
            paths = {p for p in then if p in there or _under(_stored(p), undone) or _dropped(_stored(p), states, final)}
        else:
            paths = {p for p in there if p in then or not _under(p, undone)}
            paths |= {p for p in then if _under(p, undone) or p not in met.get(key, since) | since}
        if paths:
            out.append({**entry, "fieldsV1": _fields(paths)})
    return out or [{}]  # an empty list would stand for "as they are"


def owners(entries: Iterable[Mapping[str, Any]]) -> dict[tuple[Any, ...], set[Path]]:
    """Give the fields of each manager, so that they can be compared whatever their order and time."""
    found = {_identity(entry): _paths(entry.get("fieldsV1") or {}) for entry in entries if entry}
    return {key: paths for key, paths in found.items() if paths}


def _stored(path: Path) -> Path:
    """Give the path under which the server stores a field: a Secret's `stringData` becomes its `data`."""
    return ("f:data", *path[1:]) if path[0] == "f:stringData" else path


def _dropped(path: Path, states: States, final: Tree) -> bool:
    """Tell whether the run no longer listed a field that holds again, or still, what it held.

    A map that the manifest fills is no longer listed as an empty one.
    """
    was, value = at(states.before, path), at(final, path)
    applied = at(states.applied, path)
    listed = applied is not ABSENT and not (isinstance(applied, Map | Items) and applied and path[-1][0] == "f")
    return not listed and (same(was, value) or (type(was) is type(value) and isinstance(was, Map | Items)))


def _under(path: Path, others: set[Path]) -> bool:
    return any(path[:length] in others for length in range(1, len(path) + 1))


def with_owners(obj: Mapping[str, Any], entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Give an object with other managedFields."""
    return {**obj, "metadata": {**obj["metadata"], "managedFields": entries}}


def _identity(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(entry.get(key) for key in ("manager", "operation", "apiVersion", "subresource"))


def _paths(fields: Fields, path: Path = ()) -> set[Path]:
    """Give a set of fields as paths; an item or a map that is owned itself is a path too."""
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
