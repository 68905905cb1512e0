"""After an undo: restored workloads must be healthy again, if they were before."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ...config.each_step import each_step
from ...config.prune import prunes
from ...config.selection import deploys
from ...errors import Failed, RollbackFailed
from ...objects.creator import applied_at
from ...objects.ends_itself import ends_by_itself
from ...objects.ref import Ref
from ...plural import are
from ...release.other_versions import served_version
from ...release.prune import REMOVED
from ...release.restore import Change
from ...release.snapshot import snapshot
from ...rollout.diagnose import Related, Verdict, diagnose
from ...rollout.stuck_statefulset import held_back, unstick
from ...rollout.wait import RunFacts, watch_rollout
from ...spec import Item, Progress
from ...step import Context


def is_judged_here(context: Context) -> bool:
    """Return whether this step's undo is the last of those that put objects back: that of the first deploy.

    What a later step removed is put back before, and may read what only now is as it was.
    """
    deploying = [step.name for step, _, _ in each_step(context.config.steps) if deploys(step)]
    return not deploying or context.step == deploying[0]


def await_health(context: Context, changes: list[Change], items: list[Item], also: Iterable[Ref] = ()) -> str:
    """Wait for the rollout of what was restored, and return how it is, in words that follow the number of all that was.

    `also` are workloads that were put back before.

    Raises: RollbackFailed when it does not become healthy.
    """
    restored = {item.what for item in items if item.result in ("restored", "unchanged")}
    found = [change.ref for change in changes if str(change.ref) in restored and _was_healthy(change, context)]
    found += also
    waiting = [replace(ref, api_version=served_version(context.client, ref) or ref.api_version) for ref in found]
    if not waiting:
        return ""
    verify = context.config.verify
    deadline = min(time.monotonic() + verify.deadline, context.deadline or math.inf)
    for change in changes:
        if (change.ref.group, change.ref.kind) == ("apps", "StatefulSet") and change.ref in waiting:
            _unstick(context, change, deadline)
    try:
        report = watch_rollout(
            context.client,
            waiting,
            stop=context.stop,
            deadline=deadline,
            grace=verify.grace,
            rules=verify.rules,
            on_progress=context.report,
            facts=RunFacts(written=datetime.now(UTC)),  # an undo gives managedFields back as they were
        )
    except Failed as error:
        message = f"everything was put back, but whether it is healthy can't be told: {error.message}"
        raise RollbackFailed(message, remedy=error.remedy) from error
    if not report.ready:
        raise RollbackFailed(
            f"everything was put back, but the restored workload is not healthy: {report.summary}",
            remedy="it was healthy before this run, so look for what changed around it: nodes, registry, dependencies",
            details=report.to_dict(),
        )
    whole = not any(item.needs for item in items if item.what in restored)
    how = "as before and healthy" if whole else "healthy, and as before but for what others set"
    context.report(Progress(f"{are(len(waiting), 'restored object')} {how}", passing=True))
    return how if len(waiting) == len(restored) else f"{len(waiting)} of them {how}"


def _unstick(context: Context, change: Change, deadline: float) -> None:
    """Delete pods of the failed version that a StatefulSet's controller leaves; raise RollbackFailed if in vain."""
    ref = change.ref
    since = applied_at(change.after, change.manager) if change.after is not None else None
    if gone := unstick(context.client, ref, since, deadline):
        context.say(f"{ref}: deleted {', '.join(gone)}, which the controller would leave as they are")
    if change.before is not None and (left := held_back(context.client, ref, change.before)):
        raise RollbackFailed(
            f"{ref} was put back, but below its partition {', '.join(left)} stay at the version of the run",
            remedy="set the partition to 0 until they are replaced, and then as it was before",
        )


def _was_healthy(change: Change, context: Context) -> bool:
    if change.before is None or ends_by_itself(change.before):
        return False
    verdict = _judged(change.before, context)
    if verdict.state == "ready":
        return True
    context.say(f"{Ref.of(change.before)} was not healthy before this run ({verdict.message}): not waited for")
    return False


def was_healthy(before: Mapping[str, Any], context: Context) -> bool:
    """Return whether an object was healthy, as far as it tells by itself."""
    return not ends_by_itself(before) and _judged(before, context).state == "ready"


def removed_before(context: Context) -> list[Ref]:
    """Return what this run has removed that was healthy, and is there again."""
    if not prunes(context.config):
        return []
    entries = [entry for data in context.evidence_of("deploy") for entry in data.get(REMOVED) or ()]
    refs = [Ref(*entry["ref"]) for entry in entries if entry.get("healthy")]
    return [ref for ref, obj in snapshot(context.client, refs).items() if obj is not None]


def _judged(before: Mapping[str, Any], context: Context) -> Verdict:
    verify = context.config.verify
    return diagnose(before, Related(), now=datetime.now(UTC), grace=verify.grace, rules=verify.rules)
