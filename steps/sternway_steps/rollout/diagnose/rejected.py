"""Judges pods that the API server did not let their controller create: quota, security policy, a webhook."""

from __future__ import annotations

from datetime import datetime

from .verdict import (
    Cause,
    Obj,
    Verdict,
    View,
    changed_at,
    condition,
    event_time,
    first_time,
    parse_time,
    progressing,
)


def rejected(obj: Obj, view: View) -> Verdict | None:
    """Judge the controller's own words about pods that it could not make; None when it made one since."""
    made = [event_time(e) for e in view.events_of(obj, "SuccessfulCreate")]
    failure = condition(obj, "ReplicaFailure")
    every = view.events_of(obj, "FailedCreate")
    events = [e for e in every if not made or event_time(e) > made[-1]]
    if failure.get("status") == "True":
        events = events or every
    elif not events:
        return None
    message = events[-1].get("message", "") if events else failure.get("message", "")
    cause = Cause("FailedCreate", f"pods are rejected: {message}")
    if "exceeded quota" in message and any(p["metadata"].get("deletionTimestamp") for p in view.related.pods):
        # One on its way out still counts.
        return progressing("FailedCreate", cause.message, cause)
    began, left = _began(obj, events, failure, made), view.related.left_at
    if "exceeded quota" in message and began is not None and left is not None and left > began:
        # The controller tries again after pauses that double: the next one is as long as all before it.
        return view.after(left, view.grace.create + (left - began).total_seconds(), cause)
    return view.after(began, view.grace.create, cause)


def _began(obj: Obj, events: list[Obj], failure: Obj, made: list[str]) -> datetime | None:
    """Give since when: the same words are one event with its first time, which may be of a rollout long ago."""
    first = first_time(events[0]) if events else parse_time(failure.get("lastTransitionTime"))
    since = [first, changed_at(obj), parse_time(made[-1]) if made else None]
    return max((time for time in since if time is not None), default=None) if first else None
