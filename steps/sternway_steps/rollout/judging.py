"""Judges the objects that are watched, those that are there and those that are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..config.rules import KindRule
from ..config.schema import Grace
from ..errors import Transient
from ..kube.api_error import ApiError
from ..kube.discovery import UnknownKind
from ..objects.kinds import has_pods, is_custom
from ..objects.ref import Ref
from .absent import Absent, judge_absent
from .diagnose import Cause, Related, Verdict, diagnose
from .diagnose.verdict import ENDED, Seen, failed
from .observed import Observed
from .suppliers import Suppliers

if TYPE_CHECKING:
    from ..kube.client import Client


@dataclass(frozen=True)
class Known:
    """What is known of the objects before they are watched.

    `to_end`: they were made to run to their end: one that is not there was deleted by somebody, and failed, and a pod
    is waited for until it has ended. `written`: when they were changed, where their managedFields do not tell.
    `objects` are all of the run: one of them may bring a Secret or ConfigMap that is missing. `uids`: of what the run
    applied; one that is not there any more came to its end, or was deleted.
    """

    to_end: bool = False
    written: datetime | None = None
    objects: Sequence[Mapping[str, Any]] = ()
    uids: Mapping[Ref, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Terms:
    """What all objects are judged by. `with_status`: kinds whose status a controller writes; `begun`: since when."""

    grace: Grace
    rules: Sequence[KindRule]
    known: Known
    suppliers: Suppliers
    with_status: frozenset[tuple[str, str]]
    begun: datetime


def kinds_with_status(client: Client, refs: Iterable[Ref]) -> frozenset[tuple[str, str]]:
    """Give the custom kinds whose /status is served; raises Transient when the server can't be asked."""
    custom = {(ref.api_version, ref.kind) for ref in refs if is_custom(ref.api_version, ref.kind)}
    try:
        return frozenset(kind for kind in custom if client.resource(*kind).has_status)
    except (ApiError, UnknownKind) as error:
        raise Transient(f"the rollout can't be watched: {error}") from error


def judge_all(refs: list[Ref], observed: Observed, now: datetime, terms: Terms) -> dict[Ref, Verdict]:
    """Judge all; when a setting is missing that somebody in the cluster is to bring, that changes the verdict."""
    verdicts = _judge_all(refs, observed, now, terms)
    return _judge_all(refs, observed, now, terms) if terms.suppliers.look(verdicts) else verdicts


def with_pods(
    client: Client, observed: Observed, verdicts: Mapping[Ref, Verdict], now: datetime, terms: Terms
) -> dict[Ref, Verdict]:
    """Look at the pods of what failed without one: they tell why, and their watch may lag behind their owner's."""
    bare = [
        ref
        for ref, verdict in verdicts.items()
        if verdict.state == "failed"
        and has_pods(ref.api_version, ref.kind)
        and not (verdict.cause and verdict.cause.pod)
    ]
    for namespace in {ref.namespace for ref in bare}:
        with suppress(ApiError):  # the verdict stands without them
            for pod in client.list("v1", "Pod", namespace).items:
                observed.note("MODIFIED", pod)
    again = _judge_all(bare, observed, now, terms)
    return {**verdicts, **{ref: verdict for ref, verdict in again.items() if verdict.state == "failed"}}


def _judge_all(refs: list[Ref], observed: Observed, now: datetime, terms: Terms) -> dict[Ref, Verdict]:
    near = {place: observed.related(place, terms.suppliers.all()) for place in {ref.namespace for ref in refs}}
    return {ref: _judge(ref, observed, near[ref.namespace], now, terms) for ref in refs}


def _judge(ref: Ref, observed: Observed, related: Related, now: datetime, terms: Terms) -> Verdict:
    obj, (last, since) = observed.get(ref), observed.gone(ref)
    if (known := obj or last) is not None:
        seen = Seen((ref.api_version, ref.kind) in terms.with_status, terms.known.written, observed.since(known))
        verdict = diagnose(known, related, now=now, grace=terms.grace, seen=seen, rules=terms.rules)
        real = verdict.state == "failed" and verdict.reason != "Terminating"
        if terms.known.to_end and (ref.kind, verdict.reason) == ("Pod", "Ready"):
            verdict = Verdict("progressing", "Running", f"pod {ref.name} has not ended yet")
        if obj is not None or verdict.reason in ENDED or real:
            return verdict
    uid = last["metadata"]["uid"] if last else terms.known.uids.get(ref)
    ends = last is None or (last.get("spec") or {}).get("ttlSecondsAfterFinished") is not None
    absent = Absent(ref, uid, since or terms.begun, ends_itself=ends)
    if (told := judge_absent(absent, related.events, now)) is not None:
        return told
    if terms.known.to_end:
        return failed(Cause("Deleted", "somebody deleted it before it was done"))
    return Verdict("progressing", "Missing", "it is not there", Cause("Missing", f"{ref} is not there"))
