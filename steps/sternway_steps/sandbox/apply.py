"""Server-side apply, and the attribution of every other write to a field manager."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .kinds import Kind, list_keys
from .ownership import Identity, Managers, Path, children, flatten, item_name, names_of
from .status import Cause, StatusError
from .store import copy


def apply(
    kind: Kind, live: Mapping[str, Any] | None, config: Mapping[str, Any], manager: str, *, force: bool
) -> tuple[dict[str, Any], Managers]:
    """Return the merged object and its managers; raise 409 when others own a field with another value."""
    identity: Identity = (manager, "Apply", "")
    managers = Managers((live or {}).get("metadata", {}).get("managedFields") or [])
    wanted = _listed(kind, config)
    filled = {**flatten(kind, config, maps=True), **wanted}
    there = flatten(kind, live, maps=True) if live is not None else {}
    if there and not managers.sets:
        managers.sets["before-first-apply", "Update", ""] = set(there)
    taken: dict[Identity, list[Path]] = {}
    for other, paths in managers.sets.items():
        if other != identity:
            # What is not stored (a zero, an empty map, a Secret's text) is taken from its owner, who lists it too.
            lost = [p for p in paths if p in filled and not (p in there and _same(there[p], filled[p]))]
            if lost:
                taken[other] = lost
    if taken and not force:
        raise _conflict(kind, taken)
    for other, lost in taken.items():
        managers.sets[other] -= set(lost)
    merged = _merge(kind, (), copy(live or {}), copy(config))
    before = managers.sets.get(identity, set())
    for path in sorted(before - set(wanted), key=len):  # an item goes before its parts, which name it
        if not managers.owns(path, but=identity) and not any(w[: len(path)] == path for w in wanted):
            _drop(kind, merged, path)
    managers.sets[identity] = set(wanted)
    managers.writer = identity
    return merged, managers


def _listed(kind: Kind, config: Mapping[str, Any]) -> dict[Path, Any]:
    """Return what a manifest makes its manager own: an empty list of items is nothing (tofieldset.go)."""
    found = flatten(kind, config)
    return {path: value for path, value in found.items() if value != [] or children(kind, path, value) is None}


def attribute(
    kind: Kind, live: Mapping[str, Any] | None, new: Mapping[str, Any], manager: str, subresource: str
) -> Managers:
    """Return the managers after an update: the fields that differ are the writer's now."""
    given = new["metadata"].get("managedFields") or (live or {}).get("metadata", {}).get("managedFields") or []
    managers = Managers(given)
    identity: Identity = (manager, "Update", subresource)
    old = flatten(kind, live, maps=True) if live is not None else {}
    now = flatten(kind, new, maps=True)
    changed = {p for p, value in now.items() if p not in old or not _same(old[p], value)}
    removed = set(old) - set(now)
    managers.take(changed | removed, but=identity)
    for paths in managers.sets.values():
        paths -= removed
    if changed:
        managers.sets[identity] = managers.sets.get(identity, set()) | changed
        managers.writer = identity
    return managers


def _same(old: Any, new: Any) -> bool:
    """Ask whether a field is as it was: a list or map (None, see `flatten`) that is emptied or filled is the same one.

    Source: emptyPromoteToLeaf in structured-merge-diff, which counts only the items then.
    """
    return bool(old == new) or (None in (old, new) and ([] in (old, new) or {} in (old, new)))


def _merge(kind: Kind, path: Path, live: Any, config: Any) -> Any:
    if isinstance(live, dict) and isinstance(config, dict):
        if children(kind, path, config) is None:
            return _clean(config)
        out = dict(live)
        for key, value in config.items():
            below = (*path, f"f:{key}")
            if value is None:
                out.pop(key, None)
            else:
                out[key] = _merge(kind, below, live[key], value) if key in live else _clean(value)
        return out
    if isinstance(live, list) and isinstance(config, list):
        keys = list_keys(kind, names_of(path))
        if keys is not None and children(kind, path, live) is not None and children(kind, path, config) is not None:
            wanted = {item_name(i, keys): i for i in config}
            old = {item_name(i, keys): i for i in live}
            # Items of the configuration stand in its order; others keep their place before them.
            kept = [item for name, item in old.items() if name not in wanted]
            return kept + [
                _merge(kind, (*path, name), old[name], item) if name in old and keys else item
                for name, item in wanted.items()
            ]
    return config


def _clean(value: Any) -> Any:
    return {k: _clean(v) for k, v in value.items() if v is not None} if isinstance(value, dict) else value


def _drop(kind: Kind, obj: dict[str, Any], path: Path) -> None:
    node: Any = obj
    trail: list[tuple[Any, Any]] = []
    here: Path = ()
    for part in path:
        if isinstance(node, dict):
            where: Any = part[2:]
            if where not in node:
                return
        elif isinstance(node, list):
            keys = list_keys(kind, names_of(here))
            where = next((n for n, i in enumerate(node) if keys is not None and item_name(i, keys) == part), None)
            if where is None:
                return
        else:
            return
        trail.append((node, where))
        node, here = node[where], (*here, part)
    parent, where = trail[-1]
    del parent[where]


def _conflict(kind: Kind, taken: Mapping[Identity, list[Path]]) -> StatusError:
    causes = []
    for (manager, operation, _), paths in taken.items():
        using = f" using {kind.api_version}" if operation == "Update" else ""
        causes += [
            Cause("FieldManagerConflict", f'conflict with "{manager}"{using}', _dotted(path)) for path in sorted(paths)
        ]
    text = "; ".join(f"{c.message}: {c.field}" for c in causes)
    plural = "conflicts" if len(causes) > 1 else "conflict"
    return StatusError(409, "Conflict", f"Apply failed with {len(causes)} {plural}: {text}", tuple(causes))


def _dotted(path: Path) -> str:
    out = ""
    for part in path:
        kind, rest = part[0], part[2:]
        if kind == "k":
            out += "[" + ",".join(f"{k}={json.dumps(v)}" for k, v in json.loads(rest).items()) + "]"
        else:
            out += f"[{rest}]" if kind == "v" else f".{rest}"
    return out
