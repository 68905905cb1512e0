"""What of an object is secret: the values of a Secret, wherever they stand in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which kubectl keeps a whole manifest, of Secrets too."""
_DATA = ("data", "stringData")
_FIELDS = tuple(("f:" + name,) for name in _DATA)
_NOTED = ("f:metadata", "f:annotations", f"f:{LAST_APPLIED}")


def is_secret(obj: Mapping[str, Any]) -> bool:
    """Return whether an object is a Secret."""
    return (obj.get("apiVersion"), obj.get("kind")) == ("v1", "Secret")


def holds_values(obj: Mapping[str, Any]) -> bool:
    """Return whether an object is a Secret with values in it, not just with a name and a type."""
    if not is_secret(obj):
        return False
    notes = (obj.get("metadata") or {}).get("annotations") or {}
    return any(obj.get(name) for name in _DATA) or any(f'"{name}"' in str(notes.get(LAST_APPLIED)) for name in _DATA)


def hidden(path: Sequence[str], value: Any, shown: Any) -> Any:
    """Return what may be shown of a field of a Secret, by its path as of FieldsV1: `shown` stands for its values."""
    if tuple(path[:1]) in _FIELDS or tuple(path) == _NOTED:
        return shown
    if isinstance(value, Mapping) and tuple(path) == _NOTED[: len(path)]:
        return {key: hidden((*path, f"f:{key}"), each, shown) for key, each in value.items()}
    return value


def values_in(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a Secret that are values: all but what says which one it is."""
    found = {
        key: value
        for key, value in obj.items()
        if key not in ("apiVersion", "kind", "metadata", "type", "immutable", "status")
    }
    metadata = obj.get("metadata")
    notes = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    noted = notes.get(LAST_APPLIED) if isinstance(notes, Mapping) else notes
    if noted is not None:
        found["annotation"] = [noted, _read(noted)]
    return found


def _read(noted: Any) -> Any:
    """Return what an annotation holds by itself; it may be quoted whole, or in parts."""
    try:
        manifest = json.loads(noted)
    except (TypeError, ValueError):
        return None
    return {key: manifest.get(key) for key in _DATA} if isinstance(manifest, dict) else None
