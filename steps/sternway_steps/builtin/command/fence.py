"""Ends commands that may still run: two at once, or one beside its undo, are one too many."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import Failed, Refused, RollbackFailed
from ...spec import Recorded
from ...step import Context
from .believed import require_own
from .job import Jobs
from .record import Begun, Ended, begun, ended, still_open
from .runner import runner_named


def late(context: Context, execute: Recorded) -> list[Begun]:
    """Return the commands that are known to have ended, and whose Jobs are there."""
    known = [each for each in begun(execute) if each.runner == Jobs.name and each not in still_open(execute)]
    return [each for each in known if Jobs().is_there(context, each)]


def fence(context: Context, left: Sequence[Begun]) -> None:
    """End commands that may still run; raises RollbackFailed for one that can't be ended, unless that is forced."""
    for each in left:
        try:
            end(context, each)
        except (Failed, Refused) as bad:
            if context.config.deploy.on_conflict != "force":
                raise RollbackFailed(f"{context.step}: {bad.message}", remedy=bad.remedy) from bad
            context.say(f"{bad.message}: taken for ended, by --on-conflict force")


def end(context: Context, left: Begun) -> None:
    """End a command that may still run, and record it; raises Failed, Refused."""
    require_own(context, left)
    context.say(f"ending what may still run of {left.name}")
    if (began := runner_named(left.runner).end(context, left)) is not None:
        context.journal.evidence(ended(left.name, Ended(None, started=began)))
