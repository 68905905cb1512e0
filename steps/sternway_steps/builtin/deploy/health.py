"""After an undo: restored workloads must be healthy again, if they were before."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from datetime import UTC, datetime

from ...errors import Failed, RollbackFailed
from ...objects.creator import applied_at
from ...objects.ends_itself import ends_by_itself
from ...objects.ref import Ref
from ...plural import are
from ...release.other_versions import served_version
from ...release.restore import Change
from ...rollout.diagnose import Related, diagnose
from ...rollout.stuck_statefulset import held_back, unstick
from ...rollout.wait import RunFacts, watch_rollout
from ...spec import Item, Progress
from ...step import Context


def await_health(context: Context, changes: list[Change], items: list[Item]) -> str:
    """Wait for the rollout of what was restored, and return how it is, in words that follow the number of all that was.

    Raises: RollbackFailed when it does not become healthy.
    """
    restored = {item.what for item in items if item.result in ("restored", "unchanged")}
    found = (change.ref for change in changes if str(change.ref) in restored and _was_healthy(change, context))
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
    verify = context.config.verify
    verdict = diagnose(change.before, Related(), now=datetime.now(UTC), grace=verify.grace, rules=verify.rules)
    if verdict.state == "ready":
        return True
    context.say(f"{Ref.of(change.before)} was not healthy before this run ({verdict.message}): not waited for")
    return False
