"""Judges pods that the API server did not let their controller create: quota, security policy, a webhook."""

from __future__ import annotations

from datetime import datetime

from .object_fields import Obj, changed_at, condition, event_time, first_time, parse_time
from .verdict import Cause, Verdict, progressing
from .view import View


def judge_rejected_pods(obj: Obj, view: View) -> Verdict | None:
    """Judge a controller's reports of pods that it could not create; return None when it created one since."""
    created = [event_time(e) for e in view.events_of(obj, "SuccessfulCreate")]
    failure = condition(obj, "ReplicaFailure")
    rejections = view.events_of(obj, "FailedCreate")
    events = [e for e in rejections if not created or event_time(e) > created[-1]]
    if failure.get("status") == "True":
        events = events or rejections
    elif not events:
        return None
    message = events[-1].get("message", "") if events else failure.get("message", "")
    cause = Cause("FailedCreate", f"pods are rejected: {message}")
    if "exceeded quota" in message and any(p["metadata"].get("deletionTimestamp") for p in view.related.pods):
        # One on its way out still counts.
        return progressing("FailedCreate", cause.message, cause)
    began, left = _began(obj, events, failure, created), view.related.left_at
    if "exceeded quota" in message and began is not None and left is not None and left > began:
        # The controller tries again after pauses that double: the next one is as long as all before it.
        return view.fail_after(left, view.grace.create + (left - began).total_seconds(), cause)
    return view.fail_after(began, view.grace.create, cause)


def _began(obj: Obj, events: list[Obj], failure: Obj, created: list[str]) -> datetime | None:
    """Return since when pods have been rejected.

    Equal messages are one event with its first time, which may be of a rollout long ago; so the object's last change
    and the last pod that was created count too.
    """
    first = first_time(events[0]) if events else parse_time(failure.get("lastTransitionTime"))
    since = [first, changed_at(obj), parse_time(created[-1]) if created else None]
    return max((time for time in since if time is not None), default=None) if first else None
