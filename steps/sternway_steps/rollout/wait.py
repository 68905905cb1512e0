"""Watches objects until all are ready, one has failed, or the deadline has passed; then collects the evidence."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..config.rules import KindRule
from ..config.schema import Grace
from ..errors import Failed, Stopped, Transient
from ..kube.api_error import ApiError
from ..kube.watch import SYNC, Watches
from ..objects.kinds import has_pods, has_state
from ..objects.ref import Ref
from ..spec import Progress
from .diagnose import Verdict
from .evaluate import Criteria, RunFacts, judge_all, kinds_with_status, with_fresh_pods
from .progress import ProgressLines
from .report import Report, failed_now, overdue, succeeded
from .suppliers import Suppliers
from .watch_cache import WatchCache
from .without_secrets import without_secrets

if TYPE_CHECKING:
    from ..kube.client import Client

_STOP_LOOK = 0.2
"""Seconds within which a stop is noticed; an Event and a Queue can't be waited for together."""


def watch_rollout(
    client: Client,
    refs: Iterable[Ref],
    *,
    stop: threading.Event,
    deadline: float,
    grace: Grace,
    on_progress: Callable[[Progress], None],
    rules: Sequence[KindRule] = (),
    facts: RunFacts | None = None,
) -> Report:
    """Watch objects until the outcome is decided, and return the report.

    Args:
        client: the cluster.
        refs: the objects; those of a kind without a state, such as ConfigMap, are passed over.
        stop: set when the run is to stop.
        deadline: a reading of time.monotonic().
        grace: how long each kind of trouble that may pass is waited out.
        on_progress: called with each new state.
        rules: the user's rules for kinds (`verify.rules`).
        facts: what the caller knows of the objects.

    Raises: Stopped when `stop` is set; Transient when the first look at the cluster fails, Failed when a right to look
        is missing.

    """
    watched = [ref for ref in refs if has_state(ref.api_version, ref.kind)]
    if not watched:
        return Report(True, "nothing to wait for")
    changes: queue.SimpleQueue[tuple[str, str, dict[str, Any]] | Exception] = queue.SimpleQueue()
    with Watches(client) as watches:
        threads = [_follow(watches, kind, changes) for kind in _kinds(watched)]
        try:
            kinds = kinds_with_status(client, watched)
            facts = facts or RunFacts()
            suppliers = Suppliers(client, facts.objects)
            terms = Criteria(grace, rules, facts, suppliers, kinds, datetime.now(UTC))
            report = _decide(client, watched, changes, len(threads), stop, deadline, terms, on_progress)
            return without_secrets(report, facts.secrets)
        finally:
            watches.close()
            for thread in threads:
                # One that still waits for the headers of a dead server ends by its own time limit.
                thread.join(_STOP_LOOK)


def _kinds(refs: list[Ref]) -> list[tuple[str, str, str | None]]:
    """Return the kinds to watch, each once a namespace: those of the objects, and what belongs to workloads."""
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
    terms: Criteria,
    on_progress: Callable[[Progress], None],
) -> Report:
    observed, lines = WatchCache(), ProgressLines(on_progress, deadline)
    decide_at: datetime | None = None
    verdicts: dict[Ref, Verdict] = {}
    while True:
        changed = False
        for item in _take(changes, _wait(deadline, decide_at)):
            if isinstance(item, ApiError) and item.forbidden:
                raise Failed(f"the rollout can't be watched: {item}", remedy="give the account this right") from item
            if isinstance(item, Exception):
                raise Transient(f"the rollout can't be watched: {item}") from item
            change, _, obj = item
            unsynced -= change == SYNC and unsynced > 0
            changed = observed.store(change, obj) or changed
        if stop.is_set():
            raise Stopped("the rollout was not waited for: a stop was asked for")
        late = time.monotonic() >= deadline
        now = datetime.now(UTC)
        if unsynced and not late:
            continue
        if changed or not verdicts or late or (decide_at is not None and now >= decide_at):
            verdicts = judge_all(refs, observed, now, terms)
            decide_at = min((v.decide_at for v in verdicts.values() if v.decide_at), default=None)
        if any(verdict.state == "failed" for verdict in verdicts.values()):
            return failed_now(client, observed, with_fresh_pods(client, observed, verdicts, now, terms))
        waiting = {ref: verdict for ref, verdict in verdicts.items() if verdict.state != "ready"}
        if not waiting:
            return succeeded(verdicts)
        if late:
            return overdue(client, observed, waiting)
        lines.report(verdicts, waiting)


def _wait(deadline: float, decide_at: datetime | None) -> float:
    left = deadline - time.monotonic()
    if decide_at is not None:
        left = min(left, (decide_at - datetime.now(UTC)).total_seconds())
    return max(0.001, min(_STOP_LOOK, left))


def _take(changes: queue.SimpleQueue[Any], wait: float) -> Iterable[Any]:
    """Yield all changes that have arrived, after waiting up to `wait` seconds for the first one."""
    try:
        yield changes.get(timeout=wait)
        while True:
            yield changes.get_nowait()
    except queue.Empty:
        return


__all__ = ["Report", "RunFacts", "watch_rollout"]
