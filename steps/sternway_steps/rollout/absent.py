"""What is known of an object that is not there: it came to its end, somebody deleted it, or it never came.

A Job with ttlSecondsAfterFinished goes by itself, maybe before anybody looks. Its last state and its events outlive it:
the Job controller says "Completed", or why the Job failed. Source: pkg/controller/job, "TTL-after-finished Controller".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..objects.ref import Ref
from .diagnose import Cause, Verdict
from .diagnose.verdict import event_time, failed, ready

_FAILED = frozenset({
    "BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy", "FailedIndexes", "MaxFailedIndexesExceeded",
})  # fmt: skip
_LAST_WORD = timedelta(seconds=5)
"""An event comes by a watch of its own, and may come after the object has gone."""


@dataclass(frozen=True)
class Absent:
    """An object that is not there. `uid` is None when nobody knows that it ever was; `since`: when it was missed.

    `ends_itself`: it may go by itself, as a Job with a TTL does.
    """

    ref: Ref
    uid: str | None
    since: datetime
    ends_itself: bool = False


def judge_absent(absent: Absent, events: Sequence[Mapping[str, Any]], now: datetime) -> Verdict | None:
    """Judge an object that is not there, by the events of its namespace; None when nothing is known of it."""
    is_job = (absent.ref.group, absent.ref.kind) == ("batch", "Job")
    if is_job and (told := _told(absent, events)) is not None:
        return told
    if absent.uid is None:
        return None
    deleted = Cause("Deleted", "somebody deleted it before it was done")
    if is_job and absent.ends_itself and now < absent.since + _LAST_WORD:
        return Verdict("progressing", "Gone", "it is gone", deleted, decide_at=absent.since + _LAST_WORD)
    return failed(deleted)


def _told(absent: Absent, events: Sequence[Mapping[str, Any]]) -> Verdict | None:
    """Read a Job's end from its events; one of which nothing is known is the newest one of its name."""
    about = sorted((e for e in events if _about(e, absent.ref)), key=event_time, reverse=True)
    uid = absent.uid or (about[0]["involvedObject"].get("uid") if about else None)
    for event in (e for e in about if e["involvedObject"].get("uid") == uid):
        if event.get("reason") == "Completed":
            return ready("completed, and gone since by its TTL", "Completed")
        if event.get("reason") in _FAILED and event.get("type") == "Warning":
            return failed(Cause(event["reason"], f"{event.get('message', '')}; it is gone since by its TTL"))
    return None


def _about(event: Mapping[str, Any], ref: Ref) -> bool:
    about = event.get("involvedObject") or {}
    return (about.get("kind"), about.get("name")) == (ref.kind, ref.name)
