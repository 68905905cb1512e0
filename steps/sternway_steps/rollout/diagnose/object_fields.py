"""Fields of objects as the Kubernetes API returns them: spec, conditions, times of events and of changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Obj = Mapping[str, Any]


def spec_of(obj: Obj) -> Mapping[str, Any]:
    """Return the spec; an empty mapping when there is none."""
    return obj.get("spec") or {}


def parse_time(text: str | None) -> datetime | None:
    """Return a Kubernetes time as a datetime; None when there is none."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def event_time(event: Obj) -> str:
    """Return when an event happened last, as text that sorts."""
    series = (event.get("series") or {}).get("lastObservedTime")
    times = (series, event.get("lastTimestamp"), event.get("eventTime"), event["metadata"].get("creationTimestamp"))
    return next((str(time) for time in times if time), "")


def first_time(event: Obj) -> datetime | None:
    """Return when an event happened first."""
    metadata = event["metadata"]
    return parse_time(event.get("firstTimestamp") or event.get("eventTime") or metadata.get("creationTimestamp"))


def changed_at(obj: Obj) -> datetime | None:
    """Return when somebody changed the spec last, by the times of the field managers (seconds), without the status."""
    metadata = obj["metadata"]
    written = [m.get("time") for m in metadata.get("managedFields") or [] if m.get("subresource") != "status"]
    times = [parse_time(t) for t in (*written, metadata.get("creationTimestamp")) if t]
    return max((t for t in times if t is not None), default=None)


def condition(obj: Obj, kind: str) -> Mapping[str, Any]:
    """Return a condition of the status, or an empty mapping."""
    conditions = (obj.get("status") or {}).get("conditions") or []
    return next((c for c in conditions if isinstance(c, dict) and c.get("type") == kind), {})


def text_of(one: Obj) -> str:
    """Return what a condition says: its message, else its reason, else type and status."""
    return str(one.get("message") or one.get("reason") or f"{one.get('type')} is {one.get('status')}")
