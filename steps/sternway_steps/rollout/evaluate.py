"""Judges all objects that are watched, those that are there and those that are not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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
from .diagnose.verdict import ENDED, failed
from .diagnose.view import Observation
from .suppliers import Suppliers
from .watch_cache import WatchCache

if TYPE_CHECKING:
    from ..kube.client import Client


@dataclass(frozen=True)
class RunFacts:
    """What the caller knows of the objects before they are watched.

    | field | meaning |
    | --- | --- |
    | `to_end` | they must run to completion: an absent one is a failure, and a pod is waited for until it has ended |
    | `written` | when they were changed last, where their managedFields do not tell |
    | `objects` | all objects of the run: one of them may create a Secret or ConfigMap that another one waits for |
    | `uids` | of what the run applied: if such an object is absent, it completed or was deleted |
    | `secrets` | values that a pod may print, and nobody is told |
    """

    to_end: bool = False
    written: datetime | None = None
    objects: Sequence[Mapping[str, Any]] = ()
    uids: Mapping[Ref, str] = field(default_factory=dict)
    secrets: Collection[bytes] = ()


@dataclass(frozen=True)
class Criteria:
    """What all objects are judged by.

    `with_status` are the kinds whose status a controller writes; `begun` is when the watch began.
    """

    grace: Grace
    rules: Sequence[KindRule]
    facts: RunFacts
    suppliers: Suppliers
    with_status: frozenset[tuple[str, str]]
    begun: datetime


def kinds_with_status(client: Client, refs: Iterable[Ref]) -> frozenset[tuple[str, str]]:
    """Return the custom kinds that have a /status subresource; raise Transient when the server can't be asked."""
    custom = {(ref.api_version, ref.kind) for ref in refs if is_custom(ref.api_version, ref.kind)}
    try:
        return frozenset(kind for kind in custom if client.resource(*kind).has_status)
    except (ApiError, UnknownKind) as error:
        raise Transient(f"the rollout can't be watched: {error}") from error


def judge_all(refs: list[Ref], observed: WatchCache, now: datetime, terms: Criteria) -> dict[Ref, Verdict]:
    """Return the verdict of each object.

    When a Secret or ConfigMap is missing, the cluster is searched for what may create it, which may change a verdict.
    """
    verdicts = _judge_each(refs, observed, now, terms)
    return _judge_each(refs, observed, now, terms) if terms.suppliers.look(verdicts) else verdicts


def with_fresh_pods(
    client: Client, observed: WatchCache, verdicts: Mapping[Ref, Verdict], now: datetime, terms: Criteria
) -> dict[Ref, Verdict]:
    """Judge failed workloads again after listing their pods: these tell why, and their watch may lag behind."""
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
                observed.store("MODIFIED", pod)
    again = _judge_each(bare, observed, now, terms)
    return {**verdicts, **{ref: verdict for ref, verdict in again.items() if verdict.state == "failed"}}


def _judge_each(refs: list[Ref], observed: WatchCache, now: datetime, terms: Criteria) -> dict[Ref, Verdict]:
    near = {place: observed.related(place, terms.suppliers.all()) for place in {ref.namespace for ref in refs}}
    return {ref: _judge(ref, observed, near[ref.namespace], now, terms) for ref in refs}


def _judge(ref: Ref, observed: WatchCache, related: Related, now: datetime, terms: Criteria) -> Verdict:
    obj, (last, since) = observed.get(ref), observed.deleted(ref)
    if (state := obj or last) is not None:
        observation = Observation(
            (ref.api_version, ref.kind) in terms.with_status, terms.facts.written, observed.since(state)
        )
        verdict = diagnose(state, related, now=now, grace=terms.grace, observation=observation, rules=terms.rules)
        real = verdict.state == "failed" and verdict.reason != "Terminating"
        if terms.facts.to_end and (ref.kind, verdict.reason) == ("Pod", "Ready"):
            verdict = Verdict("progressing", "Running", f"pod {ref.name} has not ended yet")
        if obj is not None or verdict.reason in ENDED or real:
            return verdict
    uid = last["metadata"]["uid"] if last else terms.facts.uids.get(ref)
    ends = last is None or (last.get("spec") or {}).get("ttlSecondsAfterFinished") is not None
    absent = Absent(ref, uid, since or terms.begun, ends_itself=ends)
    if (verdict_of_absent := judge_absent(absent, related.events, now)) is not None:
        return verdict_of_absent
    if terms.facts.to_end:
        return failed(Cause("Deleted", "somebody deleted it before it was done"))
    return Verdict("progressing", "Missing", "it is not there", Cause("Missing", f"{ref} is not there"))
