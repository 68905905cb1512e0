"""A fault that a condition tells may pass: it fails once it has held."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .freshness import applied_at
from .verdict import Cause, Obj, Verdict, View, parse_time, progressing, text_of


def held(obj: Obj, where: str, found: Obj, view: View) -> Verdict:
    """Fail once a condition has held for the grace, counted from no earlier than our change of the object."""
    cause = Cause(str(found.get("reason") or found["type"]), said_by(where, found))
    times = (
        _time(found.get("lastTransitionTime")),
        view.seen.since.get((where, str(found["type"]), str(found.get("reason")))),
        applied_at(obj),
        view.seen.written,
    )
    since = max((time for time in times if time is not None), default=None)
    if since is None:
        return progressing(cause.reason, cause.message, cause)  # without any time the deadline decides
    return view.after(since, view.grace.condition, cause)


def said_by(where: str, found: Obj) -> str:
    """Give what a condition says, and where in the status it stands."""
    return f"{where}: {text_of(found)}" if where else text_of(found)


def _time(value: Any) -> datetime | None:
    """Read what an operator wrote; only its definition says that it is a time."""
    try:
        time = parse_time(value)
    except (ValueError, TypeError, AttributeError):
        return None
    return time if time is None or time.tzinfo is not None else time.replace(tzinfo=UTC)
