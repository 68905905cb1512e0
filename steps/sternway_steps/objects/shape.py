"""How the server divides the values of an object: into fields, into items with names, or not at all.

The server's schema tells it. Where that can't be had, the object's managedFields do: the server writes into them the
keys of each item (`k:{"name":"web"}`), the values of each set (`v:"a"`), and nothing below an atomic value.
Source: structured-merge-diff (typed, fieldpath) and kube-openapi (schemaconv).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Shape(Protocol):
    """The shape of one value."""

    def is_map(self, value: Mapping[str, Any]) -> bool:
        """Return whether the fields of a map are told apart; else it is one value."""

    def names(self, items: Sequence[Any]) -> list[str] | None:
        """Return the names of a list's items; None when the list is one value, or one of its items has no name."""

    def below(self, part: str) -> Shape:
        """Return the shape of a field (`f:NAME`) or of an item (`k:{...}`)."""


@dataclass(frozen=True)
class Schema:
    """A shape by an OpenAPI v3 document. What the document does not say is a map of fields, or a list of one value."""

    node: Mapping[str, Any]
    known: Mapping[str, Any]
    """The document's `components.schemas`."""

    def is_map(self, value: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Return whether the schema does not call the map atomic."""
        return self._own().get("x-kubernetes-map-type") != "atomic"

    def names(self, items: Sequence[Any]) -> list[str] | None:
        """Return the names of items by the keys in the schema; a key that an item lacks has its default."""
        keys = self._keys()
        if keys is None:
            return None
        if not keys:
            return [f"v:{go_json(item)}" for item in items]
        fields = Schema(self._own().get("items") or {}, self.known)._own().get("properties") or {}
        defaults = {key: fields[key]["default"] for key in keys if "default" in (fields.get(key) or {})}
        return [_item(item, keys, defaults) for item in items] if all(isinstance(i, dict) for i in items) else None

    def below(self, part: str) -> Schema:
        """Return the schema of a field or an item."""
        own = self._own()
        if not part.startswith("f:"):
            return Schema(own.get("items") or {}, self.known)
        found = (own.get("properties") or {}).get(part[2:])
        if found is None:
            found = own.get("additionalProperties")
        return Schema(found if isinstance(found, dict) else {}, self.known)

    def _own(self) -> Mapping[str, Any]:
        """Return the node merged with what it refers to; its own keys override that."""
        node = self.node
        for _ in range(8):
            refers = [part for part in (node, *(node.get("allOf") or [])) if "$ref" in part]
            if not refers:
                break
            target = self.known.get(refers[0]["$ref"].rpartition("/")[2]) or {}
            node = {**target, **{k: v for k, v in node.items() if k not in ("$ref", "allOf")}}
        return node

    def _keys(self) -> tuple[str, ...] | None:
        own = self._own()
        kind = own.get("x-kubernetes-list-type")
        if kind == "map":
            return tuple(sorted(own.get("x-kubernetes-list-map-keys") or ())) or None
        if kind is None and "merge" in str(own.get("x-kubernetes-patch-strategy", "")).split(","):
            key = own.get("x-kubernetes-patch-merge-key")  # how lists were marked before they had a type
            return (key,) if key else ()
        return () if kind == "set" else None


@dataclass(frozen=True)
class Marks:
    """A shape by managedFields. `fields` is None when nobody owns the value, so that nothing is known of it."""

    fields: Mapping[str, Any] | None

    def is_map(self, value: Mapping[str, Any]) -> bool:
        """Return whether a map is not owned as a whole."""
        return not value or self.fields is None or any(part != "." for part in self.fields)

    def names(self, items: Sequence[Any]) -> list[str] | None:
        """Return the names of items by the keys of those that are owned."""
        marks = self.fields or {}
        if any(mark.startswith("v:") for mark in marks):
            return [f"v:{go_json(item)}" for item in items]
        keyed = [json.loads(mark[2:]) for mark in marks if mark.startswith("k:")]
        if not keyed or not all(isinstance(item, dict) for item in items):
            return None
        keys = tuple(sorted(keyed[0]))
        found = []
        for item in items:
            # A key that a manifest leaves out has its default, which stands in the mark of the same item.
            like = [mark for mark in keyed if all(mark.get(k) == item[k] for k in keys if k in item)]
            missing = any(key not in item for key in keys)
            if missing and len(like) != 1:
                return None
            found.append(_item(item, keys, like[0] if missing else {}))
        return found

    def below(self, part: str) -> Marks:
        """Return the shape of a field or an item."""
        return Marks((self.fields or {}).get(part))


_LONE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_SHORT = re.compile(r"\\([\\bf])")


def go_json(value: Any) -> str:
    """Return a value as Go's JSON encoder writes it, which the server names items with: `<` as \\u003c, and so on."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    return _SHORT.sub(lambda m: {"b": "\\u0008", "f": "\\u000c"}.get(m[1], m[0]), text.translate(_LONE))


def _item(item: Mapping[str, Any], keys: Sequence[str], defaults: Mapping[str, Any]) -> str:
    named = {key: item.get(key, defaults.get(key)) for key in keys if key in item or key in defaults}
    return f"k:{go_json(named)}"
