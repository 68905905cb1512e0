"""Watches objects until all are ready, one has failed, or the time is up; then gathers the evidence."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..config.rules import KindRule
from ..config.schema import Grace
from ..errors import Stopped, Transient
from ..step import Progress
from .api_error import ApiError
from .diagnose import Cause, Verdict, diagnose
from .diagnose.judge import has_pods, has_state, is_custom
from .diagnose.verdict import Seen, failed
from .discovery import UnknownKind
from .evidence import Evidence, gather
from .observed import Observed
from .ref import Ref
from .watch import SYNC, Watches

if TYPE_CHECKING:
    from .client import Client

_STOP_LOOK = 0.2
"""Seconds within which a stop is noticed; an Event and a Queue can't be waited for together."""


@dataclass(frozen=True)
class _Terms:
    """What all objects are judged by. `with_status`: kinds whose status a controller writes."""

    grace: Grace
    rules: Sequence[KindRule]
    to_end: bool
    written: datetime | None
    with_status: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Report:
    """How a rollout ended."""

    ready: bool
    summary: str
    ref: Ref | None = None
    verdict: Verdict | None = None
    evidence: Evidence = field(default_factory=Evidence)

    def to_dict(self) -> dict[str, Any]:
        """Give JSON data for the journal and for programs."""
        cause = self.verdict.cause if self.verdict else None
        return {
            "object": str(self.ref) if self.ref else None,
            "cause": asdict(cause) if cause else None,
            **asdict(self.evidence),
        }


def watch_rollout(
    client: Client,
    refs: Iterable[Ref],
    *,
    stop: threading.Event,
    deadline: float,
    grace: Grace,
    on_progress: Callable[[Progress], None],
    rules: Sequence[KindRule] = (),
    written: datetime | None = None,
    to_end: bool = False,
) -> Report:
    """Watch until it is decided; `deadline` is a reading of time.monotonic().

    `rules`: the user's rules for kinds.
    `to_end`: the objects were made to run to their end: one that is not there was deleted by somebody, and failed, and
    a pod is waited for until it has ended.
    `written`: when they were changed, where their managedFields do not tell.

    Raises: Stopped when `stop` is set; Transient when the first look at the cluster fails.
    """
    watched = [ref for ref in refs if has_state(ref.api_version, ref.kind)]
    if not watched:
        return Report(True, "nothing to wait for")
    changes: queue.SimpleQueue[tuple[str, str, dict[str, Any]] | Exception] = queue.SimpleQueue()
    with Watches(client) as watches:
        threads = [_follow(watches, kind, changes) for kind in _kinds(watched)]
        try:
            terms = _Terms(grace, rules, to_end, written, _with_status(client, watched))
            return _decide(client, watched, changes, len(threads), stop, deadline, terms, on_progress)
        finally:
            watches.close()
            for thread in threads:
                # One that still waits for the headers of a dead server ends by its own time limit.
                thread.join(_STOP_LOOK)


def _kinds(refs: list[Ref]) -> list[tuple[str, str, str | None]]:
    """Give what is to be watched: the objects' kinds, and what belongs to workloads, each once a namespace."""
    wanted = {(ref.api_version, ref.kind, ref.namespace) for ref in refs}
    for ref in refs:
        if has_pods(ref.api_version, ref.kind):
            wanted |= {("v1", "Pod", ref.namespace), ("v1", "Event", ref.namespace)}
        if ref.kind == "Deployment":
            wanted.add(("apps/v1", "ReplicaSet", ref.namespace))
        if ref.kind in ("Pod", "PersistentVolumeClaim"):
            wanted.add(("v1", "Event", ref.namespace))
    return sorted(wanted, key=str)


def _follow(watches: Watches, kind: tuple[str, str, str | None], changes: queue.SimpleQueue[Any]) -> threading.Thread:
    api_version, name, namespace = kind

    def run() -> None:
        try:
            for change, obj in watches.follow(api_version, name, namespace):
                changes.put((change, name, obj))
        except Exception as error:  # noqa: BLE001  told to the thread that decides
            changes.put(error)

    thread = threading.Thread(target=run, name=f"sternway-watch-{name}", daemon=True)
    thread.start()
    return thread


def _decide(
    client: Client,
    refs: list[Ref],
    changes: queue.SimpleQueue[Any],
    unsynced: int,
    stop: threading.Event,
    deadline: float,
    terms: _Terms,
    on_progress: Callable[[Progress], None],
) -> Report:
    observed, told = Observed(), ""
    decide_at: datetime | None = None
    verdicts: dict[Ref, Verdict] = {}
    while True:
        changed = False
        for item in _take(changes, _wait(deadline, decide_at)):
            if isinstance(item, Exception):
                raise Transient(f"the rollout can't be watched: {item}") from item
            change, _, obj = item
            unsynced -= change == SYNC and unsynced > 0
            changed = observed.note(change, obj) or changed
        if stop.is_set():
            raise Stopped("the rollout was not waited for: a stop was asked for")
        late = time.monotonic() >= deadline
        now = datetime.now(UTC)
        if unsynced and not late:
            continue
        if changed or not verdicts or late or (decide_at is not None and now >= decide_at):
            verdicts = {ref: _judge(ref, observed, now, terms) for ref in refs}
            decide_at = min((v.decide_at for v in verdicts.values() if v.decide_at), default=None)
        for ref, verdict in verdicts.items():
            if verdict.state == "failed":
                return Report(False, _summary(ref, verdict), ref, verdict, gather(client, observed, ref, verdict))
        waiting = {ref: verdict for ref, verdict in verdicts.items() if verdict.state != "ready"}
        if not waiting:
            return Report(True, f"{len(refs)} objects are ready")
        if late:
            return _overdue(client, observed, waiting)
        told = _tell(verdicts, waiting, told, on_progress)


def _with_status(client: Client, refs: list[Ref]) -> frozenset[tuple[str, str]]:
    custom = {(ref.api_version, ref.kind) for ref in refs if is_custom(ref.api_version, ref.kind)}
    try:
        return frozenset(kind for kind in custom if client.resource(*kind).has_status)
    except (ApiError, UnknownKind) as error:
        raise Transient(f"the rollout can't be watched: {error}") from error


def _judge(ref: Ref, observed: Observed, now: datetime, terms: _Terms) -> Verdict:
    obj = observed.get(ref)
    if obj is None and terms.to_end:
        return failed(Cause("Deleted", "somebody deleted it before it was done"))
    if obj is None:
        return Verdict("progressing", "Missing", "it is not there", Cause("Missing", f"{ref} is not there"))
    seen = Seen((ref.api_version, ref.kind) in terms.with_status, terms.written, observed.since(obj))
    verdict = diagnose(obj, observed.related(ref.namespace), now=now, grace=terms.grace, seen=seen, rules=terms.rules)
    if terms.to_end and verdict.state == "ready" and (ref.kind, verdict.reason) == ("Pod", "Ready"):
        return Verdict("progressing", "Running", f"pod {ref.name} has not ended yet")
    return verdict


def _wait(deadline: float, decide_at: datetime | None) -> float:
    left = deadline - time.monotonic()
    if decide_at is not None:
        left = min(left, (decide_at - datetime.now(UTC)).total_seconds())
    return max(0.001, min(_STOP_LOOK, left))


def _take(changes: queue.SimpleQueue[Any], wait: float) -> Iterable[Any]:
    """Give all changes that are there, after waiting for the first one."""
    try:
        yield changes.get(timeout=wait)
        while True:
            yield changes.get_nowait()
    except queue.Empty:
        return


def _tell(
    verdicts: dict[Ref, Verdict], waiting: dict[Ref, Verdict], told: str, on_progress: Callable[[Progress], None]
) -> str:
    """Say what is waited for first, and how far the whole is: pods of workloads, and one for each other object."""
    ref, verdict = next(iter(waiting.items()))
    text = f"{ref}: {verdict.message}" + (f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else "")
    wanted = sum(v.wanted or 1 for v in verdicts.values())
    done = sum((v.done or 0) if v.wanted else v.state == "ready" for v in verdicts.values())
    now = f"{done}/{wanted} {text}"
    if now != told:
        on_progress(Progress(text, done, wanted))
    return now


def _overdue(client: Client, observed: Observed, waiting: dict[Ref, Verdict]) -> Report:
    ref, verdict = next(((r, v) for r, v in waiting.items() if v.cause), next(iter(waiting.items())))
    cause = verdict.cause or Cause(verdict.reason, verdict.message)
    late = Verdict(
        "failed", "DeadlineExceeded", f"not ready in time: {cause.message}", cause, verdict.done, verdict.wanted
    )
    return Report(False, _summary(ref, late), ref, late, gather(client, observed, ref, late))


def _summary(ref: Ref, verdict: Verdict) -> str:
    return f"{ref}: {verdict.reason}: {verdict.message}"
