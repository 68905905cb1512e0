"""Finds the values at a path of an object, and compares them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ...objects.expressions import Comparison, Path
from .object_fields import Obj

_MISSING = object()
Match = tuple[Any, Obj | None]
"""A value at a path, and the condition that it is, or belongs to; None when it belongs to none."""


def resolve(obj: Obj, path: Path) -> Iterator[Match]:
    """Yield every value at a path; a missing one is a value too, whose text is empty."""
    matches: list[Match] = [(obj, None)]
    for step in path:
        matches = [below for value, near in matches for below in _below(value, near, step.name, step.bracket)]
    yield from matches


def _below(value: Any, near: Obj | None, name: str, bracket: bool) -> list[Match]:
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


def text_of_value(value: Any) -> str:
    """Return a value as text: a condition's is its status, that of something missing or empty is ""."""
    if value is _MISSING or value is None or value in ([], {}):
        return ""
    if isinstance(value, dict):
        return str(value["status"]) if "type" in value and "status" in value else json.dumps(value)
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, list) else str(value)


def matches(obj: Obj, value: Any, one: Comparison) -> bool:
    """Return whether a value satisfies a comparison."""
    text = text_of_value(value)
    if one.other is not None:
        other = next((text_of_value(match) for match, _ in resolve(obj, one.other)), "")
        return bool(text and other) and (text == other) is (one.operator == "=")
    if one.operator == "~":
        return bool(re.search(one.values[0], text))
    return (text in one.values) is (one.operator == "=")
