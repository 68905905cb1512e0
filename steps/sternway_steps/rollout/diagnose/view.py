"""What a judge may look at: related objects, what was observed besides the object's content, the time, the graces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from ...config.schema import Grace
from .object_fields import Obj, event_time
from .suppliers import supplies
from .verdict import Cause, Verdict, failed


@dataclass(frozen=True)
class Related:
    """Objects of the same namespace; those that belong to the judged one are found by owner and name."""

    pods: Sequence[Obj] = ()
    replica_sets: Sequence[Obj] = ()
    events: Sequence[Obj] = ()
    claims: Sequence[Obj] = ()
    left_at: datetime | None = None
    """When the last of the watched pods was deleted."""
    suppliers: Sequence[Obj] = ()
    """What may create a Secret or ConfigMap: operators' objects, and those of the run itself."""

    @cached_property
    def events_about(self) -> Mapping[str, Sequence[Obj]]:
        """The events by the UID of the object that they are about, newest last."""
        by_uid: dict[str, list[Obj]] = {}
        for event in sorted(self.events, key=event_time):
            about = event.get("involvedObject") or event.get("regarding") or {}
            by_uid.setdefault(about.get("uid", ""), []).append(event)
        return by_uid

    @cached_property
    def owned_by(self) -> Mapping[str, Sequence[Obj]]:
        """The pods and ReplicaSets by the UID of their owners (labels can be anybody's)."""
        by_uid: dict[str, list[Obj]] = {}
        for obj in (*self.pods, *self.replica_sets):
            for owner in obj["metadata"].get("ownerReferences") or []:
                by_uid.setdefault(owner["uid"], []).append(obj)
        return by_uid


@dataclass(frozen=True)
class Observation:
    """What the server and the watch tell of an object besides its content."""

    has_status: bool = False
    """The server has a /status subresource for its kind, so a controller writes it."""
    written: datetime | None = None
    """When we changed it, where its managedFields do not tell: an undo restores these too."""
    since: Mapping[tuple[str, str, str], datetime] = field(default_factory=dict)
    """Since when a condition has had its reason, by part of the status, type and reason."""


@dataclass(frozen=True)
class View:
    """All that a judge may look at."""

    related: Related
    now: datetime
    grace: Grace = field(default_factory=Grace)
    observation: Observation = field(default_factory=Observation)

    def pods_of(self, owner: Obj) -> list[Obj]:
        """Return the pods of a controller."""
        return [o for o in self.related.owned_by.get(owner["metadata"].get("uid", ""), ()) if o["kind"] == "Pod"]

    def sets_of(self, owner: Obj) -> list[Obj]:
        """Return the ReplicaSets of a Deployment."""
        return [o for o in self.related.owned_by.get(owner["metadata"].get("uid", ""), ()) if o["kind"] == "ReplicaSet"]

    def events_of(self, obj: Obj, *reasons: str) -> list[Obj]:
        """Return the events about an object with one of the reasons, newest last."""
        about = self.related.events_about.get(obj["metadata"].get("uid") or "-", ())
        return [e for e in about if not reasons or e.get("reason") in reasons]

    def supplier_of(self, wanted: str, namespace: str | None) -> Obj | None:
        """Return the object that may create a Secret or ConfigMap (`secret/NAME`), or None."""
        kind, _, name = wanted.partition("/")
        near = (s for s in self.related.suppliers if s["metadata"].get("namespace") == namespace)
        return next((s for s in near if supplies(s, kind, name)), None)

    def fail_after(self, since: datetime | None, grace: float, cause: Cause, *, waiting: str = "") -> Verdict:
        """Return a failure once `grace` seconds have passed `since` it began, and a wait until then."""
        decide_at = (since or self.now) + timedelta(seconds=grace)
        if self.now >= decide_at:
            return failed(cause)
        so_far = replace(cause, message=waiting or cause.message)  # whoever is late before that has not waited so long
        return Verdict("progressing", cause.reason, so_far.message, so_far, decide_at=decide_at)
