"""Events and errors as JSON data, as `--output json` writes them (docs/reference/events.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ..errors import kind_of
from ..explained.catalogue import entry_for
from .events import Event, StepProgress


def as_data(event: Event) -> dict[str, Any]:
    """Return an event as JSON data: `type` is its name, such as step-ended; the other keys are its fields."""
    name = "".join(("-" if c.isupper() else "") + c.lower() for c in type(event).__name__).strip("-")
    data = {field.name: to_json(getattr(event, field.name)) for field in fields(event)}
    if isinstance(event, StepProgress):
        data |= data.pop("progress")
    return {"type": name, **data}


def to_json(value: Any) -> Any:
    """Return a value as JSON data; an error is its kind, message, remedy and details, and where it is explained."""
    if isinstance(value, Exception):
        entry = entry_for(value)
        return {
            "kind": kind_of(value),
            "name": entry.name,
            "page": entry.page,
            "message": str(value),
            "remedy": getattr(value, "remedy", None),
            "details": without_objects(getattr(value, "details", {})),
        }
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    return value


def without_objects(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return details without manifests: these may hold secrets in variables, so they stay in the journal."""
    return {key: value for key, value in details.items() if key != "objects"}
