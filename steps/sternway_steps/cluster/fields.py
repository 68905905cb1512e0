"""Objects as trees whose list items have names, so that single fields can be compared and put back.

Which lists are maps or sets is read from `metadata.managedFields` of the objects themselves, where the API server
writes the keys of each item (`k:{"name":"web"}`) and the values of each set (`v:"a"`). So custom resources work
like built-in kinds, and no schema is kept here. A list without such marks is one value.
Source: structured-merge-diff, "FieldsV1" in the Kubernetes API reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Fields = dict[str, Any]
"""FieldsV1 as JSON: nested dicts with keys `f:NAME`, `k:{...}`, `v:VALUE`, `i:INDEX` and "."."""


class Map(dict[str, Any]):
    """An object; its keys are `f:NAME`."""


class Items(dict[str, Any]):
    """A list whose items are told apart by key fields (`k:{...}`) or by their value (`v:VALUE`)."""


Tree = Any
"""Map, Items, or any other JSON value, which is then compared as a whole."""

# What the API server and the controllers write; never part of what a user or a run changes.
_SERVER_OWNED = (
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
    "resourceVersion", "selfLink", "uid",
)  # fmt: skip


def content(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Give the object without status and without the metadata that the server owns."""
    bare = {key: value for key, value in obj.items() if key != "status"}
    bare["metadata"] = {k: v for k, v in obj.get("metadata", {}).items() if k not in _SERVER_OWNED}
    return bare


def union(*trees: Fields) -> Fields:
    """Give the fields that are in any of the sets."""
    out: Fields = {}
    for tree in trees:
        for key, below in tree.items():
            out[key] = union(out[key], below) if key in out else below
    return out


def common(one: Fields, other: Fields) -> Fields:
    """Give the fields that are in both sets."""
    out: Fields = {}
    for key in one.keys() & other.keys():
        below = common(one[key], other[key])
        if below or not one[key] or not other[key]:
            out[key] = below
    return out


def minus(one: Fields, other: Fields) -> Fields:
    """Give the fields of one set that are not in the other."""
    out: Fields = {}
    for key, below in one.items():
        if key not in other:
            out[key] = below
        elif below and (rest := minus(below, other[key])):
            out[key] = rest
    return out


def managed(obj: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the object's managedFields entries."""
    return list(obj.get("metadata", {}).get("managedFields") or [])


def fields_of(
    obj: Mapping[str, Any], *, manager: str | None = None, but: Iterable[str] = (), status: bool = False
) -> Fields:
    """Give all fields that a manager owns; every manager's when none is named.

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


def tree(value: Any, marks: Fields) -> Tree:
    """Give a JSON value as a tree; `marks` are the fields known of it, which name the items of its lists."""
    if isinstance(value, dict):
        return Map({f"f:{k}": tree(v, marks.get(f"f:{k}") or {}) for k, v in value.items()})
    if isinstance(value, list):
        keys = _key_fields(marks)
        if keys and all(isinstance(item, dict) and all(k in item for k in keys) for item in value):
            names = [
                "k:" + json.dumps({k: i[k] for k in keys}, separators=(",", ":"), ensure_ascii=False) for i in value
            ]
            if len(set(names)) == len(names):
                return Items({n: tree(i, marks.get(n) or {}) for n, i in zip(names, value, strict=True)})
        elif any(mark.startswith("v:") for mark in marks):
            return Items({"v:" + json.dumps(item, separators=(",", ":"), ensure_ascii=False): item for item in value})
    return value


def untree(node: Tree) -> Any:
    """Turn a tree back into a JSON value."""
    if isinstance(node, Map):
        return {key[2:]: untree(below) for key, below in node.items()}
    if isinstance(node, Items):
        return [untree(below) for below in node.values()]
    return node


def name_of(path: Iterable[str]) -> str:
    """Write a path as users know it: `spec.template.spec.containers[name=web].image`."""
    out = ""
    for part in path:
        kind, rest = part[0], part[2:]
        if kind == "k":
            out += "[" + ",".join(f"{k}={v}" for k, v in json.loads(rest).items()) + "]"
        elif kind == "v":
            out += f"[{rest}]"
        else:
            out += f"[{rest}]" if "." in rest or "/" in rest else ("." if out else "") + rest
    return out


def _key_fields(marks: Fields) -> list[str]:
    mark = next((m for m in marks if m.startswith("k:")), None)
    # The server writes the keys in the schema's order in every mark of a list; sorted JSON is what it stores.
    return sorted(json.loads(mark[2:])) if mark else []
