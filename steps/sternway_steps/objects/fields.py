"""Sets of fields, and the field owners of an object.

A field is named by `f:NAME` (a field), `k:{...}` (an item by its keys) and `v:VALUE` (an item of a set), as in
`metadata.managedFields`. Source: structured-merge-diff, "FieldsV1" in the Kubernetes API reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Fields = dict[str, Any]
"""FieldsV1 as JSON: nested dicts with keys `f:NAME`, `k:{...}`, `v:VALUE`, `i:INDEX` and "."."""

# What the API server and the controllers write; never part of what a user or a run changes.
_SERVER_OWNED = (
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
    "resourceVersion", "selfLink", "uid",
)  # fmt: skip


def content(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without its status and without the metadata that the server owns."""
    bare = {key: value for key, value in obj.items() if key != "status"}
    bare["metadata"] = {k: v for k, v in obj.get("metadata", {}).items() if k not in _SERVER_OWNED}
    return bare


def union(*trees: Fields) -> Fields:
    """Return the fields that are in any of the sets."""
    out: Fields = {}
    for one in trees:
        for key, below in one.items():
            out[key] = union(out[key], below) if key in out else below
    return out


def common(one: Fields, other: Fields) -> Fields:
    """Return the fields that are in both sets."""
    out: Fields = {}
    for key in one.keys() & other.keys():
        below = common(one[key], other[key])
        if below or not one[key] or not other[key]:
            out[key] = below
    return out


def minus(one: Fields, other: Fields) -> Fields:
    """Return the fields of one set that are not in the other."""
    out: Fields = {}
    for key, below in one.items():
        if key not in other:
            out[key] = below
        elif below and (rest := minus(below, other[key])):
            out[key] = rest
    return out


def managed(obj: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the object's managedFields entries."""
    return list(obj.get("metadata", {}).get("managedFields") or [])


def fields_of(
    obj: Mapping[str, Any], *, manager: str | None = None, but: Iterable[str] = (), status: bool = False
) -> Fields:
    """Return all fields that a manager owns; every manager's when none is named.

    `status`: also what it wrote together with the status, which may be more: the Deployment controller writes the
    revision's annotation so (kube-controller-manager 1.34).
    """
    skip = set(but)
    return union(
        *(
            entry.get("fieldsV1") or {}
            for entry in managed(obj)
            if (status or entry.get("subresource") != "status")
            and (manager is None or entry.get("manager") == manager)
            and entry.get("manager") not in skip
        )
    )


def shape_fields(fields: Fields, value: Any) -> Fields:
    """Return those of the fields owned in a value that tell its shape: an empty map is owned as an atomic one is."""
    out: Fields = {}
    for part, below in fields.items():
        held = _held(value, part)
        below_fields = shape_fields(below, held)
        if part[0] != "f" or (below_fields if below else held != {}):
            out[part] = below_fields
    return out


def _held(value: Any, part: str) -> Any:
    if part[0] == "f" and isinstance(value, dict):
        return value.get(part[2:])
    if part[0] == "k" and isinstance(value, list):
        keys = json.loads(part[2:])
        return next((i for i in value if isinstance(i, dict) and all(i.get(k, v) == v for k, v in keys.items())), None)
    return None
