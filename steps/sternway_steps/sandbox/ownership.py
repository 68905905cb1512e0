"""Field ownership: which manager owns which field, as metadata.managedFields records it.

A set of fields is a set of paths; a path's parts are `f:NAME`, `k:{...}` (an item by its keys) and `v:VALUE`.
Source: "Server-Side Apply" in the Kubernetes documentation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .kinds import Kind, is_atomic, list_keys

Path = tuple[str, ...]
_NOT_OWNED = {
    "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink",
    "deletionTimestamp", "deletionGracePeriodSeconds",
}  # fmt: skip


# A key that is left out is owned under its default.
_DEFAULTS = {"protocol": "TCP"}


def names_of(path: Path) -> tuple[str, ...]:
    """Return the field names of a path, without the items of lists."""
    return tuple(part[2:] for part in path if part.startswith("f:"))


def item_name(item: Any, keys: tuple[str, ...]) -> str:
    """Return the path part of an item of an associative list or a set."""
    if not keys:
        return "v:" + _written(item)
    return "k:" + _written({k: item.get(k, _DEFAULTS.get(k)) for k in sorted(keys) if k in item or k in _DEFAULTS})


def _written(value: Any) -> str:
    """Return JSON as Go's encoder writes it, with HTML escapes."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return "".join(f"\\u{ord(char):04x}" if char in "<>&\u2028\u2029" else char for char in text)


def children(kind: Kind, path: Path, value: Any) -> Iterator[tuple[str, Any]] | None:
    """Return the parts of a value that have owners of their own; None for a value that is owned as a whole."""
    if isinstance(value, dict):
        if path and is_atomic(kind, names_of(path), item=path[-1][0] == "k"):
            return None
        return ((f"f:{k}", v) for k, v in value.items())
    if isinstance(value, list):
        keys = list_keys(kind, names_of(path))
        if keys is not None and (not keys or all(isinstance(i, dict) for i in value)):
            return ((item_name(i, keys), i) for i in value)
    return None


def flatten(kind: Kind, obj: Mapping[str, Any], *, maps: bool = False) -> dict[Path, Any]:
    """Return every owned path of an object with its value; items of lists are paths too, maps when `maps`."""
    found: dict[Path, Any] = {}

    def walk(path: Path, value: Any) -> None:
        below = children(kind, path, value)
        if below is None or not value:
            found[path] = value
            return
        if path and (path[-1][0] in "kv" or maps):
            found[path] = None
        for part, item in below:
            walk((*path, part), item)

    for key, value in obj.items():
        if key == "metadata":
            for name, below in value.items():
                if name not in _NOT_OWNED:
                    walk(("f:metadata", f"f:{name}"), below)
        elif key not in ("apiVersion", "kind"):
            walk((f"f:{key}",), value)
    return found


def encode(paths: Iterable[Path]) -> dict[str, Any]:
    """Return a set of paths as FieldsV1."""
    everything = set(paths)
    tree: dict[str, Any] = {}
    for path in sorted(everything):
        node = tree
        for part in path:
            node = node.setdefault(part, {})
    for path in everything:
        node = tree
        for part in path:
            node = node[part]
        if node:
            node["."] = {}
    return tree


def decode(tree: Mapping[str, Any], path: Path = ()) -> set[Path]:
    """Return the set of paths of a FieldsV1."""
    found: set[Path] = set()
    for part, below in tree.items():
        if part == ".":
            found.add(path)
        elif below:
            found |= decode(below, (*path, part))
        else:
            found.add((*path, part))
    return found


Identity = tuple[str, str, str]
"""Manager, operation, subresource."""


class Managers:
    """The field managers of an object, and the paths that each owns."""

    def __init__(self, entries: Iterable[Mapping[str, Any]] = ()) -> None:
        self.sets: dict[Identity, set[Path]] = {}
        self.writer: Identity | None = None
        """Whose write this is, when it changed any field."""
        self._entries: dict[Identity, dict[str, Any]] = {}
        for entry in entries:
            identity = (entry.get("manager", ""), entry.get("operation", "Update"), entry.get("subresource", ""))
            self.sets[identity] = decode(entry.get("fieldsV1") or {})
            self._entries[identity] = dict(entry)

    def owns(self, path: Path, *, but: Identity | None = None) -> bool:
        """Return whether any manager, other than `but`, owns a path or something below it."""
        return any(
            identity != but and any(owned[: len(path)] == path for owned in paths)
            for identity, paths in self.sets.items()
        )

    def take(self, paths: Iterable[Path], *, but: Identity) -> None:
        """Remove paths, and what is below them, from all managers but one."""
        gone = set(paths)
        for identity, owned in self.sets.items():
            if identity != but:
                owned -= gone

    def forget(self, paths: Iterable[Path]) -> None:
        """Say that nobody owns some fields."""
        gone = set(paths)
        for owned in self.sets.values():
            owned -= gone

    def entries(self, api_version: str, now: str) -> list[dict[str, Any]]:
        """Return managedFields; an entry keeps its time whatever others take from it."""
        out = []
        for identity, paths in self.sets.items():
            if not paths:
                continue
            fields = encode(paths)
            old = self._entries.get(identity)
            if old is not None and old.get("fieldsV1") == fields:
                out.append(old)
                continue
            manager, operation, subresource = identity
            time = now if old is None or identity == self.writer else old.get("time")  # who wrote none has none
            entry = {
                "manager": manager, "operation": operation, "apiVersion": api_version,
                **({} if time is None else {"time": time}), "fieldsType": "FieldsV1", "fieldsV1": fields,
            }  # fmt: skip
            out.append({**entry, "subresource": subresource} if subresource else entry)
        return sorted(out, key=lambda e: (e["operation"] != "Apply", e.get("time", "")))

    def dated(self, entries: Iterable[Mapping[str, Any]], now: str) -> list[dict[str, Any]]:
        """Return the entries, the writer's with the time of its write, also for new values of old fields."""
        wrote = self.writer
        return [
            {**e, "time": now}
            if wrote == (e.get("manager", ""), e.get("operation", ""), e.get("subresource", ""))
            else {**e}
            for e in entries
        ]
