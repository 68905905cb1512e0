"""What the server itself says of the shapes: where its OpenAPI document and ours differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sternway_steps.kube.client import Client

from .edits import Path
from .shapes import Atomic, Dict, Keyed, Kind, Set, Shape, Struct


def disagreements(client: Client, kind: Kind) -> list[str]:
    """Compare the shape of a kind with the server's; a line for each difference."""
    group, _, version = kind.api_version.rpartition("/")
    document = client.raw("GET", f"/openapi/v3/{'apis/' + group if group else 'api'}/{version}")
    schemas: dict[str, Any] = document["components"]["schemas"]
    wanted = {"group": group, "version": version, "kind": kind.kind}
    [root] = [s for s in schemas.values() if wanted in (s.get("x-kubernetes-group-version-kind") or [])]
    return list(_differ(kind.shape, root, schemas, ()))


def _differ(shape: Shape, found: Mapping[str, Any], schemas: Mapping[str, Any], path: Path) -> Iterator[str]:
    schema = _resolved(found, schemas)
    theirs, ours = _word(schema), _ours(shape)
    if theirs != ours:
        yield f"{'.'.join(map(str, path))} is {theirs}, not {ours}"
        return
    if isinstance(shape, Struct):
        for name, one in shape.fields.items():
            below = schema.get("properties", {}).get(name)
            if below is None:
                yield f"{'.'.join(map(str, (*path, name)))} is not known"
            else:
                yield from _differ(one, below, schemas, (*path, name))
    if isinstance(shape, Keyed):
        keys = tuple(schema["x-kubernetes-list-map-keys"])
        if sorted(keys) != sorted(shape.keys):
            yield f"{'.'.join(map(str, path))} has the keys {keys}, not {shape.keys}"
        if isinstance(shape.item, Atomic) or shape.item.fields:  # else the key is all there is
            yield from _differ(shape.item, schema["items"], schemas, (*path, "[]"))


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Follow references; what stands beside one counts too."""
    out = {key: value for key, value in schema.items() if key not in ("allOf", "$ref")}
    for part in (*schema.get("allOf", ()), *([schema] if "$ref" in schema else ())):
        out = {**_resolved(schemas[part["$ref"].rpartition("/")[2]], schemas), **out}
    return out


def _word(schema: Mapping[str, Any]) -> str:
    if schema.get("type") == "array":
        return {"map": "keyed", "set": "set"}.get(schema.get("x-kubernetes-list-type", ""), "atomic")
    if schema.get("type") == "object":
        return "atomic" if schema.get("x-kubernetes-map-type") == "atomic" else "map"
    return "scalar"


def _ours(shape: Shape) -> str:
    if isinstance(shape, Struct | Dict):
        return "map"
    return (
        "keyed"
        if isinstance(shape, Keyed)
        else "set"
        if isinstance(shape, Set)
        else "atomic"
        if isinstance(shape, Atomic)
        else "scalar"
    )
