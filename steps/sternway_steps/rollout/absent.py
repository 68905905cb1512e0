"""What to conclude of an object that is not there: it completed, it was deleted, or it was never created.

A Job with ttlSecondsAfterFinished deletes itself, possibly before anybody looks. Its last state and its events outlive
it: the Job controller writes "Completed", or why the Job failed. Source: pkg/controller/job, "TTL-after-finished
Controller".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..objects.ref import Ref
from .diagnose import Cause, Verdict
from .diagnose.object_fields import event_time
from .diagnose.verdict import failed, ready

_FAILED = frozenset({
    "BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy", "FailedIndexes", "MaxFailedIndexesExceeded",
})  # fmt: skip
_LAST_WORD = timedelta(seconds=5)
"""Events come by a watch of their own, so one may arrive this long after its object is gone."""


@dataclass(frozen=True)
class Absent:
    """An object that is not there.

    `uid` is None when nobody knows that it ever existed. `since` is when its absence was noticed. `ends_itself` says
    that it may delete itself, as a Job with a TTL does.
    """

    ref: Ref
    uid: str | None
    since: datetime
    ends_itself: bool = False


def judge_absent(absent: Absent, events: Sequence[Mapping[str, Any]], now: datetime) -> Verdict | None:
    """Judge an object that is not there, by the events of its namespace; return None when nothing is known of it."""
    is_job = (absent.ref.group, absent.ref.kind) == ("batch", "Job")
    if is_job and (verdict := _verdict_from_events(absent, events)) is not None:
        return verdict
    if absent.uid is None:
        return None
    deleted = Cause("Deleted", "somebody deleted it before it was done")
    if is_job and absent.ends_itself and now < absent.since + _LAST_WORD:
        return Verdict("progressing", "Gone", "it is gone", deleted, decide_at=absent.since + _LAST_WORD)
    return failed(deleted)


def _verdict_from_events(absent: Absent, events: Sequence[Mapping[str, Any]]) -> Verdict | None:
    """Return how a Job ended by its events; without a known UID, by those of the newest Job of its name."""
    events_of_job = sorted((e for e in events if _about(e, absent.ref)), key=event_time, reverse=True)
    uid = absent.uid or (events_of_job[0]["involvedObject"].get("uid") if events_of_job else None)
    for event in (e for e in events_of_job if e["involvedObject"].get("uid") == uid):
        if event.get("reason") == "Completed":
            return ready("completed, and gone since by its TTL", "Completed")
        if event.get("reason") in _FAILED and event.get("type") == "Warning":
            return failed(Cause(event["reason"], f"{event.get('message', '')}; it is gone since by its TTL"))
    return None


def _about(event: Mapping[str, Any], ref: Ref) -> bool:
    about = event.get("involvedObject") or {}
    return (about.get("kind"), about.get("name")) == (ref.kind, ref.name)
