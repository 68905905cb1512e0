"""The patch types of the API: RFC 6902, RFC 7386, and Kubernetes' strategic merge patch."""

from __future__ import annotations

from typing import Any

import jsonpatch

from .kinds import Kind, list_keys
from .ownership import item_name, names_of
from .status import StatusError


def patched(kind: Kind, obj: dict[str, Any], change: Any, media: str) -> dict[str, Any]:
    """Return the patched object; raise 415 for an unknown patch type, 422 for a patch that does not fit."""
    if media == "application/merge-patch+json":
        return dict(_merged(obj, change))
    if media == "application/strategic-merge-patch+json":
        return dict(_strategic(kind, (), obj, change))
    if media == "application/json-patch+json":
        try:
            return dict(jsonpatch.apply_patch(obj, change))
        except jsonpatch.JsonPatchTestFailed as error:
            raise StatusError(
                422, "Invalid", f"the server rejected our request due to an error in our request: {error}"
            ) from error
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError) as error:
            raise StatusError(422, "Invalid", f"the patch does not fit: {error}") from error
    raise StatusError(415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {media}")


def _merged(value: Any, change: Any) -> Any:
    if not isinstance(change, dict):
        return change
    out = dict(value) if isinstance(value, dict) else {}
    for key, below in change.items():
        if below is None:
            out.pop(key, None)
        else:
            out[key] = _merged(out.get(key), below)
    return out


def _strategic(kind: Kind, path: tuple[str, ...], value: Any, change: Any) -> Any:
    if isinstance(change, dict):
        if change.get("$patch") == "replace":
            return {k: v for k, v in change.items() if k != "$patch"}
        out = dict(value) if isinstance(value, dict) else {}
        for key, below in change.items():
            if key.startswith("$"):
                continue
            if below is None:
                out.pop(key, None)
            else:
                out[key] = _strategic(kind, (*path, f"f:{key}"), out.get(key), below)
        return out
    keys = list_keys(kind, names_of(path)) if isinstance(change, list) else None
    if keys and isinstance(value, list) and all(isinstance(i, dict) for i in change):
        # A strategic merge goes by the first key alone (patchMergeKey).
        first = keys[:1]
        out_items = {item_name(i, first): i for i in value}
        for item in change:
            name = item_name(item, first)
            if item.get("$patch") == "delete":
                out_items.pop(name, None)
            else:
                out_items[name] = _strategic(kind, (*path, name), out_items.get(name), item)
        return list(out_items.values())
    return change
