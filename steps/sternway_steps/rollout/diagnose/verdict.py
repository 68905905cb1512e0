"""The verdict on an object, and the evidence for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

State = Literal["ready", "progressing", "failed"]

ENDED = frozenset({"Complete", "Completed", "Succeeded"})
"""Reasons of "ready" for what ran to its end: that it is deleted later, by its TTL say, is no fault."""

ON_HOLD = frozenset({"Paused", "Suspended"})
"""Reasons of "ready" for what waits until somebody resumes it, as its spec says."""


@dataclass(frozen=True)
class Cause:
    """Why an object failed, or what holds it up."""

    reason: str
    message: str
    pod: str = ""
    container: str = ""
    crashed: bool = False
    """The container ran and ended, so the log of its previous instance tells more."""
    wants: str = ""
    """`secret/NAME` or `configmap/NAME` of the same namespace that does not exist, or is not complete, yet."""


@dataclass(frozen=True)
class Verdict:
    """The state of one object at one moment.

    `done` of `wanted` pods, when it has any. `decide_at` is when a progressing verdict may change by the passing of
    time alone.
    """

    state: State
    reason: str
    message: str
    cause: Cause | None = None
    done: int | None = None
    wanted: int | None = None
    decide_at: datetime | None = None


def ready(message: str = "ready", reason: str = "Ready", done: int | None = None, wanted: int | None = None) -> Verdict:
    """Return the verdict that an object is as it should be."""
    return Verdict("ready", reason, message, None, done, wanted)


def progressing(
    reason: str, message: str, cause: Cause | None = None, done: int | None = None, wanted: int | None = None
) -> Verdict:
    """Return the verdict that an object is on its way; nothing speaks against it yet."""
    return Verdict("progressing", reason, message, cause, done, wanted)


def failed(cause: Cause) -> Verdict:
    """Return the verdict that an object can't succeed, by this evidence."""
    return Verdict("failed", cause.reason, cause.message, cause)


def sooner(verdict: Verdict, other: Verdict | None) -> Verdict:
    """Return a wait that is judged again as soon as another one that it stands for may change."""
    times = [v.decide_at for v in (verdict, other) if v is not None and v.decide_at is not None]
    return replace(verdict, decide_at=min(times, default=None)) if verdict.state == "progressing" else verdict


def worst(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return the verdict that decides for all, or None when nothing speaks against any.

    That is the first failure; else a wait that has a cause, with the earliest time at which one of them is decided.
    """
    listed = list(verdicts)
    failure = next((v for v in listed if v.state == "failed"), None)
    if failure is not None:
        return failure
    held = [v for v in listed if v.state == "progressing" and v.cause is not None]
    ends = [v.decide_at for v in held if v.decide_at is not None]
    return replace(held[0], decide_at=min(ends, default=None)) if held else None
