"""What a verdict is, and what it is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from ...config.schema import Grace
from .suppliers import brings

Obj = Mapping[str, Any]
State = Literal["ready", "progressing", "failed"]

ENDED = frozenset({"Complete", "Completed", "Succeeded"})
"""Reasons of "ready" for what came to its end: that it is gone later, by its TTL say, is no fault."""

ON_HOLD = frozenset({"Paused", "Suspended"})
"""Reasons of "ready" for what waits until somebody resumes it, as its spec says."""


@dataclass(frozen=True)
class Cause:
    """What made it fail, or holds it up: the evidence."""

    reason: str
    message: str
    pod: str = ""
    container: str = ""
    crashed: bool = False
    """The container ran and ended, so the log of its previous life tells more."""
    wants: str = ""
    """`secret/NAME` or `configmap/NAME` of the same namespace that is not there, or not complete, yet."""


@dataclass(frozen=True)
class Verdict:
    """What is known of one object at one moment.

    `done` of `wanted` pods, when it has any. `decide_at`: a progressing verdict may become another one then, by
    nothing but time.
    """

    state: State
    reason: str
    message: str
    cause: Cause | None = None
    done: int | None = None
    wanted: int | None = None
    decide_at: datetime | None = None


@dataclass(frozen=True)
class Related:
    """Objects of the same namespace; those that belong to the judged one are found by owner and name."""

    pods: Sequence[Obj] = ()
    replica_sets: Sequence[Obj] = ()
    events: Sequence[Obj] = ()
    claims: Sequence[Obj] = ()
    left_at: datetime | None = None
    """When the last pod went, of those that were watched."""
    suppliers: Sequence[Obj] = ()
    """What may bring a Secret or ConfigMap: operators' objects, and those of the run itself."""

    @cached_property
    def events_about(self) -> Mapping[str, Sequence[Obj]]:
        """The events by the UID that they are about, newest last."""
        found: dict[str, list[Obj]] = {}
        for event in sorted(self.events, key=event_time):
            about = event.get("involvedObject") or event.get("regarding") or {}
            found.setdefault(about.get("uid", ""), []).append(event)
        return found

    @cached_property
    def owned_by(self) -> Mapping[str, Sequence[Obj]]:
        """The pods and ReplicaSets by the UID of their owners (a label can be anybody's)."""
        found: dict[str, list[Obj]] = {}
        for obj in (*self.pods, *self.replica_sets):
            for owner in obj["metadata"].get("ownerReferences") or []:
                found.setdefault(owner["uid"], []).append(obj)
        return found


@dataclass(frozen=True)
class Seen:
    """What the server and a watch tell of an object beside what stands in it."""

    has_status: bool = False
    """The server serves a /status of its kind, so that a controller writes one."""
    written: datetime | None = None
    """When we changed it, where its managedFields do not tell: an undo gives them back as they were."""
    since: Mapping[tuple[str, str, str], datetime] = field(default_factory=dict)
    """Since when a condition has its reason, by where it stands, type and reason."""


@dataclass(frozen=True)
class View:
    """All that a judge may look at."""

    related: Related
    now: datetime
    grace: Grace = field(default_factory=Grace)
    seen: Seen = field(default_factory=Seen)

    def pods_of(self, owner: Obj) -> list[Obj]:
        """Give the pods of a controller."""
        return [o for o in self.related.owned_by.get(owner["metadata"].get("uid", ""), ()) if o["kind"] == "Pod"]

    def sets_of(self, owner: Obj) -> list[Obj]:
        """Give the ReplicaSets of a Deployment."""
        return [o for o in self.related.owned_by.get(owner["metadata"].get("uid", ""), ()) if o["kind"] == "ReplicaSet"]

    def events_of(self, obj: Obj, *reasons: str) -> list[Obj]:
        """Give the events about an object with one of the reasons, newest last."""
        about = self.related.events_about.get(obj["metadata"].get("uid") or "-", ())
        return [e for e in about if not reasons or e.get("reason") in reasons]

    def supplier_of(self, wanted: str, namespace: str | None) -> Obj | None:
        """Give the object that may bring a Secret or ConfigMap (`secret/NAME`), or None."""
        kind, _, name = wanted.partition("/")
        near = (s for s in self.related.suppliers if s["metadata"].get("namespace") == namespace)
        return next((s for s in near if brings(s, kind, name)), None)

    def after(self, since: datetime | None, grace: float, cause: Cause, *, waiting: str = "") -> Verdict:
        """Give a failure once `grace` seconds have passed since it began, and a wait until then."""
        decide_at = (since or self.now) + timedelta(seconds=grace)
        if self.now >= decide_at:
            return failed(cause)
        return Verdict("progressing", cause.reason, waiting or cause.message, cause, decide_at=decide_at)


def ready(message: str = "ready", reason: str = "Ready", done: int | None = None, wanted: int | None = None) -> Verdict:
    """It is as it should be."""
    return Verdict("ready", reason, message, None, done, wanted)


def progressing(
    reason: str, message: str, cause: Cause | None = None, done: int | None = None, wanted: int | None = None
) -> Verdict:
    """It is on its way; nothing speaks against it yet."""
    return Verdict("progressing", reason, message, cause, done, wanted)


def failed(cause: Cause) -> Verdict:
    """It can't succeed, by this evidence."""
    return Verdict("failed", cause.reason, cause.message, cause)


def worst(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Give the verdict that decides for all: a failure, else a wait with a cause, the earliest to decide; else None."""
    found = list(verdicts)
    bad = next((v for v in found if v.state == "failed"), None)
    if bad is not None:
        return bad
    held = [v for v in found if v.state == "progressing" and v.cause is not None]
    ends = [v.decide_at for v in held if v.decide_at is not None]
    return replace(held[0], decide_at=min(ends, default=None)) if held else None


def spec_of(obj: Obj) -> Mapping[str, Any]:
    """Give the spec; an object without one has an empty one."""
    return obj.get("spec") or {}


def parse_time(text: str | None) -> datetime | None:
    """Read Kubernetes' time; None when there is none."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def event_time(event: Obj) -> str:
    """Give when an event happened last, as text that sorts."""
    series = (event.get("series") or {}).get("lastObservedTime")
    times = (series, event.get("lastTimestamp"), event.get("eventTime"), event["metadata"].get("creationTimestamp"))
    return next((str(time) for time in times if time), "")


def first_time(event: Obj) -> datetime | None:
    """Give when an event happened first."""
    metadata = event["metadata"]
    return parse_time(event.get("firstTimestamp") or event.get("eventTime") or metadata.get("creationTimestamp"))


def changed_at(obj: Obj) -> datetime | None:
    """Give when somebody changed its spec last, by the field managers' times (seconds); its status does not count."""
    metadata = obj["metadata"]
    written = [m.get("time") for m in metadata.get("managedFields") or [] if m.get("subresource") != "status"]
    times = [parse_time(t) for t in (*written, metadata.get("creationTimestamp")) if t]
    return max((t for t in times if t is not None), default=None)


def condition(obj: Obj, kind: str) -> Mapping[str, Any]:
    """Give a condition of the status, or an empty mapping."""
    conditions = (obj.get("status") or {}).get("conditions") or []
    return next((c for c in conditions if isinstance(c, dict) and c.get("type") == kind), {})


def text_of(found: Obj) -> str:
    """Give what a condition says."""
    return str(found.get("message") or found.get("reason") or f"{found.get('type')} is {found.get('status')}")
