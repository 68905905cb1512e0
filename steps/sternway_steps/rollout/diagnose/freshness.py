"""Whether a status describes the object as it is now, or as it was before we changed it.

Sources: "API Conventions: Typical status properties" of the Kubernetes project for observedGeneration; "Field
management" for managedFields, which tell when we changed the object and when its status was written. Both are times of
the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from .condition_groups import groups_of, status_of
from .object_fields import Obj, parse_time
from .verdict import Verdict, progressing
from .view import View

_STATUS_GRACE = timedelta(seconds=10)
"""How long a controller that reports no observedGeneration may take for its first status after a change."""

Key = tuple[str, str, str]
"""The part of the status, the type, and the reason of a condition."""

_OURS = "sternway"
"""The prefix of our field managers' names."""


def wait_until_observed(obj: Obj, view: View) -> Verdict | None:
    """Return a wait while the status is not about the object as it is; None when it is, or never will be."""
    status = status_of(obj)
    if not status:
        return _until(obj, view, "NoStatus", "it has no status yet") if view.observation.has_status else None
    if is_outdated(status, obj):
        return progressing("NotObserved", "its controller has not seen the change yet")
    if "observedGeneration" in status or not _older(obj, view):
        return None
    return _until(obj, view, "OldStatus", "its status is from before the change")


def wait_for_status(obj: Obj, view: View) -> Verdict | None:
    """Return a wait while the status does not report health yet; None when nothing more is to be expected."""
    if not view.observation.has_status or "observedGeneration" in status_of(obj):
        return None
    return _until(obj, view, "NoStatus", "its status does not tell yet how it fares")


def is_outdated(part: Obj, obj: Obj) -> bool:
    """Return whether a status or a condition is about an earlier generation, given as a number or as digits."""
    seen = part.get("observedGeneration")
    if isinstance(seen, str) and seen.isascii() and seen.isdigit():
        seen = int(seen)
    return isinstance(seen, int) and seen < int(obj["metadata"].get("generation") or 0)


def applied_at(obj: Obj) -> datetime | None:
    """Return when we changed the object last, by its managedFields."""
    return _newest(obj, lambda e: str(e.get("manager")).startswith(_OURS) and e.get("subresource") != "status")


def status_at(obj: Obj) -> datetime | None:
    """Return when the status was written last, by the object's managedFields."""
    return _newest(obj, lambda entry: "f:status" in (entry.get("fieldsV1") or {}))


def reasons_since(obj: Obj, before: Mapping[Key, datetime]) -> dict[Key, datetime]:
    """Return since when each condition has had its reason: as in `before`, else when the status was written last.

    lastTransitionTime does not tell: a condition that stays False keeps it while its reason changes.
    """
    written, out = status_at(obj), {}
    for where, conditions in groups_of(status_of(obj)):
        for one in conditions:
            key = (where, str(one["type"]), str(one.get("reason")))
            if (time := before.get(key) or written) is not None:
                out[key] = time
    return out


def _older(obj: Obj, view: View) -> bool:
    """Return whether the status may be from before our change; the times in managedFields are whole seconds."""
    changed, written = _changed_at(obj, view), status_at(obj)
    if changed is None or written is None or obj["metadata"].get("generation") == 1:  # nothing but its creation to see
        return False
    return written <= changed


def _until(obj: Obj, view: View, reason: str, message: str) -> Verdict | None:
    since = _latest((_changed_at(obj, view), parse_time(obj["metadata"].get("creationTimestamp"))))
    if since is None or view.now >= since + _STATUS_GRACE:
        return None
    return Verdict("progressing", reason, message, decide_at=since + _STATUS_GRACE)


def _changed_at(obj: Obj, view: View) -> datetime | None:
    return _latest((applied_at(obj), view.observation.written))


def _newest(obj: Obj, counts: Callable[[Obj], bool]) -> datetime | None:
    entries = obj["metadata"].get("managedFields") or []
    return _latest(parse_time(entry.get("time")) for entry in entries if counts(entry))


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time is not None), default=None)
