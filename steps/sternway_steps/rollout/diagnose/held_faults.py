"""A fault that a condition reports may pass: it counts as a failure once it has held for `grace.condition`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .freshness import applied_at
from .object_fields import Obj, parse_time, text_of
from .verdict import Cause, Verdict, progressing
from .view import View


def fail_if_held(obj: Obj, where: str, condition: Obj, view: View) -> Verdict:
    """Return a failure once a condition has held for the grace, counted from our last change or later."""
    cause = Cause(str(condition.get("reason") or condition["type"]), condition_text(where, condition))
    times = (
        _time(condition.get("lastTransitionTime")),
        view.observation.since.get((where, str(condition["type"]), str(condition.get("reason")))),
        applied_at(obj),
        view.observation.written,
    )
    since = max((time for time in times if time is not None), default=None)
    if since is None:
        return progressing(cause.reason, cause.message, cause)  # without any time the deadline decides
    return view.fail_after(since, view.grace.condition, cause)


def condition_text(where: str, condition: Obj) -> str:
    """Return what a condition says, with the part of the status that it stands in."""
    return f"{where}: {text_of(condition)}" if where else text_of(condition)


def _time(value: Any) -> datetime | None:
    """Return the time that an operator wrote, or None: only its own schema says that the field is a time."""
    try:
        time = parse_time(value)
    except (ValueError, TypeError, AttributeError):
        return None
    return time if time is None or time.tzinfo is not None else time.replace(tzinfo=UTC)
