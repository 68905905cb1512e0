"""Tells whether a status speaks of the object as it is, or as it was before we changed it.

Source: "API Conventions: Typical status properties" of the Kubernetes project for observedGeneration; managedFields
("Field management") for when we changed an object, and when somebody wrote its status. Both are times of the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from .parts import groups_of, status_of
from .verdict import Obj, Verdict, View, parse_time, progressing

_PATIENCE = timedelta(seconds=10)
"""How long a controller that tells no generation has for its first word about a change."""

Key = tuple[str, str, str]
"""Where a condition stands, its type and its reason."""

_OURS = "sternway"
"""What the names of our field managers begin with."""


def unobserved(obj: Obj, view: View) -> Verdict | None:
    """Give a wait while the status does not speak of the object as it is; None when it does, or never will."""
    status = status_of(obj)
    if not status:
        return _until(obj, view, "NoStatus", "it has no status yet") if view.seen.has_status else None
    if behind(status, obj):
        return progressing("NotObserved", "its controller has not seen the change yet")
    if "observedGeneration" in status or not _older(obj, view):
        return None
    return _until(obj, view, "OldStatus", "its status is from before the change")


def silent(obj: Obj, view: View) -> Verdict | None:
    """Give a wait for a status that tells nothing yet; None when its controller told all that it has to tell."""
    if not view.seen.has_status or "observedGeneration" in status_of(obj):
        return None
    return _until(obj, view, "NoStatus", "its status does not tell yet how it fares")


def behind(found: Obj, obj: Obj) -> bool:
    """Tell whether a status or a condition is about an earlier generation, given as a number or as digits."""
    seen = found.get("observedGeneration")
    if isinstance(seen, str) and seen.isascii() and seen.isdigit():
        seen = int(seen)
    return isinstance(seen, int) and seen < int(obj["metadata"].get("generation") or 0)


def applied_at(obj: Obj) -> datetime | None:
    """Give when we changed the object last, by its managedFields."""
    return _newest(obj, lambda e: str(e.get("manager")).startswith(_OURS) and e.get("subresource") != "status")


def status_at(obj: Obj) -> datetime | None:
    """Give when the status was written last, by the object's managedFields."""
    return _newest(obj, lambda entry: "f:status" in (entry.get("fieldsV1") or {}))


def reasons_since(obj: Obj, known: Mapping[Key, datetime]) -> dict[Key, datetime]:
    """Give since when each condition has its reason: as `known` before, else since the status was written last.

    lastTransitionTime does not tell, for a condition that stays False keeps it while its reason changes.
    """
    written, out = status_at(obj), {}
    for where, conditions in groups_of(status_of(obj)):
        for one in conditions:
            key = (where, str(one["type"]), str(one.get("reason")))
            if (time := known.get(key) or written) is not None:
                out[key] = time
    return out


def _older(obj: Obj, view: View) -> bool:
    """Tell whether the status may be from before our change; managedFields count whole seconds."""
    changed, written = _changed_at(obj, view), status_at(obj)
    if changed is None or written is None or obj["metadata"].get("generation") == 1:  # nothing but its creation to see
        return False
    return written <= changed


def _until(obj: Obj, view: View, reason: str, message: str) -> Verdict | None:
    since = _latest((_changed_at(obj, view), parse_time(obj["metadata"].get("creationTimestamp"))))
    if since is None or view.now >= since + _PATIENCE:
        return None
    return Verdict("progressing", reason, message, decide_at=since + _PATIENCE)


def _changed_at(obj: Obj, view: View) -> datetime | None:
    return _latest((applied_at(obj), view.seen.written))


def _newest(obj: Obj, counts: Callable[[Obj], bool]) -> datetime | None:
    entries = obj["metadata"].get("managedFields") or []
    return _latest(parse_time(entry.get("time")) for entry in entries if counts(entry))


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time is not None), default=None)
