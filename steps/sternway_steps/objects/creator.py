"""Who created an object that carries a run's annotation, when the run's own evidence of it was lost.

An apply of an object that did not exist can't land on another one that has appeared since (see `apply.stamped`), so
what it made is the run's own. Journals without `create_only` are of runs whose apply may have landed on somebody else's
object; then only the owners of its fields and their times tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .field_manager import BEFORE_FIRST_APPLY
from .fields import Fields, managed
from .run_annotation import RUN

_SLACK = 1.0
"""Seconds: the server writes whole ones, and the two times of one request may fall on both sides of a change."""

# What controllers add to an object of somebody else, often in the second of its creation.
_ADDED = {"f:annotations", "f:finalizers", "f:labels", "f:ownerReferences"}


def doubt(live: Mapping[str, Any], manager: str, *, create_only: bool) -> str:
    """Return why an object that carries the run's annotation may not be of its making; "" when it is.

    Args:
        live: the object as it is.
        manager: the field manager of the run's applies.
        create_only: whether the run's apply could only have created it, and not changed another one.

    """
    ours = next((entry for entry in managed(live) if _applied(entry, manager)), None)
    if ours is None:
        if any(_notes(entry) and entry.get("manager") != BEFORE_FIRST_APPLY for entry in managed(live)):
            return "the run's annotation on it was not written by the run's apply, so it is a copy"
        return "who wrote the run's annotation on it is not known, for nobody owns that: managedFields were removed"
    created, applied = _time(live["metadata"].get("creationTimestamp")), _time(ours.get("time"))
    if created is None or applied is None:
        return "when it was created and applied is not known"
    if (created - applied).total_seconds() > _SLACK:
        return "it was created after this run's apply, so it is a copy"
    if create_only:
        return ""
    if (applied - created).total_seconds() > _SLACK:
        return "it was created before this run's apply, or applied again since"
    others = sorted(
        {str(entry.get("manager")) for entry in managed(live) if entry is not ours and _began(entry, applied)}
    )
    return f"{', '.join(others)} wrote it in the same second" if others else ""


def applied_at(obj: Mapping[str, Any], manager: str) -> datetime | None:
    """Return when a manager's apply changed an object, by the server's clock; None when that is not known."""
    ours = (e for e in managed(obj) if (e.get("manager"), e.get("operation")) == (manager, "Apply"))
    return max((time for e in ours if (time := _time(e.get("time")))), default=None)


def _applied(entry: Mapping[str, Any], manager: str) -> bool:
    return (entry.get("manager"), entry.get("operation")) == (manager, "Apply") and _notes(entry)


def _notes(entry: Mapping[str, Any]) -> bool:
    """Return whether it owns the run's annotation."""
    return f"f:{RUN}" in (((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:annotations") or {})


def _began(entry: Mapping[str, Any], applied: datetime) -> bool:
    """Return whether an entry can be that of who created the object: no later, and more than what controllers add."""
    time = _time(entry.get("time"))
    early = time is None or (time - applied).total_seconds() <= _SLACK
    return early and not entry.get("subresource") and not _adds_only(entry.get("fieldsV1") or {})


def _adds_only(fields: Fields) -> bool:
    return set(fields) == {"f:metadata"} and set(fields["f:metadata"]) <= _ADDED | {"."}


def _time(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")) if text else None
