"""Finds what stands at a path of an object, and compares it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ...objects.expressions import Comparison, Path
from .verdict import Obj

_MISSING = object()
Found = tuple[Any, Obj | None]
"""What stands at a path, and the condition that it is or belongs to."""


def resolve(obj: Obj, path: Path) -> Iterator[Found]:
    """Give all that stands at a path; what is not there is a value, too, whose text is empty."""
    found: list[Found] = [(obj, None)]
    for step in path:
        found = [below for value, near in found for below in _below(value, near, step.name, step.bracket)]
    yield from found


def _below(value: Any, near: Obj | None, name: str, bracket: bool) -> list[Found]:
    if isinstance(value, list) and bracket:
        items = [item for item in value if name in ("*", *_names(item))] or _nth(value, name)
        if not items and name != "*":
            return [(_MISSING, near)]
        return [(item, item if isinstance(item, dict) and "type" in item else near) for item in items]
    if isinstance(value, dict):
        if bracket and name == "*":
            return [(below, near) for below in value.values()]
        return [(value.get(name, _MISSING), near)]
    return [(_MISSING, near)]


def _names(item: Any) -> tuple[str, ...]:
    return tuple(str(item[key]) for key in ("type", "name") if key in item) if isinstance(item, dict) else ()


def _nth(value: list[Any], name: str) -> list[Any]:
    return value[int(name) : int(name) + 1] if name.isdecimal() else []


def text_at(value: Any) -> str:
    """Give a value as text: that of a condition is its status, "" that of what is not there or empty."""
    if value is _MISSING or value is None or value in ([], {}):
        return ""
    if isinstance(value, dict):
        return str(value["status"]) if "type" in value and "status" in value else json.dumps(value)
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, list) else str(value)


def matches(obj: Obj, value: Any, one: Comparison) -> bool:
    """Tell whether a value is as a comparison says."""
    text = text_at(value)
    if one.other is not None:
        other = next((text_at(found) for found, _ in resolve(obj, one.other)), "")
        return bool(text and other) and (text == other) is (one.operator == "=")
    if one.operator == "~":
        return bool(re.search(one.values[0], text))
    return (text in one.values) is (one.operator == "=")
