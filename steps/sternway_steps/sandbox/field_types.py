"""Fields that hold texts by name, and what the server says of a value that is none: it quotes it, whatever it is."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any

from .kinds import Kind
from .status import StatusError

_TEXTS = {"Secret": ("data", "stringData"), "ConfigMap": ("data", "binaryData")}


def check_field_types(kind: Kind, obj: Mapping[str, Any], *, applied: bool = False) -> None:
    """Raise 400 for a Secret or ConfigMap whose data are no texts; for an apply 500, as the real server does."""
    if kind.group or kind.kind not in _TEXTS:
        return
    version = f"{kind.group}/{kind.api_version.rpartition('/')[2]}"
    meta = obj.get("metadata") or {}
    who = f"({meta.get('namespace', '')}/{meta.get('name', '')}; {version}, Kind={kind.kind})"
    for path, wanted, value in _wrong(kind, obj):
        if applied:
            got = f"{{{value}}}" if wanted == "map" else f"value.valueUnstructured{{Value:{_go(value)}}}"
            raise StatusError(
                500, " ", f"failed to create typed patch object {who}: .{path}: expected {wanted}, got &{got}"
            )
        found = {dict: "object", list: "array", bool: "bool", str: "string"}.get(type(value), "number")
        field = f"{kind.kind}.{path.partition('.')[0]}"
        text = f"json: cannot unmarshal {found} into Go struct field {field} of type {wanted}"
        raise StatusError(400, "BadRequest", _unhandled(kind, text))
    for value in (obj.get("data") or {}).values() if kind.kind == "Secret" else ():
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            text = "illegal base64 data at input byte 0"
            if applied:
                head = f"failed to convert new object {who} to proper version: unable to convert unstructured object to"
                raise StatusError(
                    500, " ", f"{head} {version}, Kind=Secret: error decoding from json: {text}"
                ) from None
            raise StatusError(400, "BadRequest", _unhandled(kind, text)) from None


def _unhandled(kind: Kind, why: str) -> str:
    return f'{kind.kind} in version "{kind.api_version}" cannot be handled as a {kind.kind}: {why}'


def _wrong(kind: Kind, obj: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield path, wanted type and value of what is none; null is as good as absent."""
    for field in _TEXTS[kind.kind]:
        held = obj.get(field)
        if held is not None and not isinstance(held, Mapping):
            yield field, "map", held
            continue
        for key, value in (held or {}).items():
            if value is not None and not isinstance(value, str):
                yield f"{field}.{key}", "string", value


def _go(value: Any) -> str:
    """Return a value as Go's %#v prints it."""
    if isinstance(value, Mapping):
        return "map[string]interface {}{" + ", ".join(f"{json.dumps(k)}:{_go(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(_go, value)) + "}"
    return json.dumps(value)
