"""Undoes a command: what may still run of it is ended, then the command that undoes it runs, once."""

from __future__ import annotations

from ...errors import Refused, RollbackFailed
from ...spec import Action, Outcome
from ...step import Context
from .believed import runner_back
from .execute import checked, done
from .fence import fence, late
from .invocation import invocation
from .record import begun, done_before, never_started, printed, still_open


def rollback(context: Context) -> Outcome:
    """Run the command that undoes it, unless it never started, or was undone before and nothing came late."""
    history = context.journal.history()
    came_late = late(context, history.execute)
    if done_before(history.rollback) and not came_late:
        return Outcome("undone before in this run")
    if not begun(history.execute):
        return Outcome("it never started: nothing to undo")
    fence(context, [*still_open(history.execute), *still_open(history.rollback), *came_late])
    if never_started(context.journal.history()):
        return Outcome("its program never started: nothing to undo")
    try:
        work = invocation(context, Action.ROLLBACK, context.handed("images"), printed(history.execute))
        if not work.argv:
            return Outcome("there is no command that undoes it")
        runner = runner_back(work, begun(history.execute)[-1])
        resolved = checked(context, work, runner)
        runner.prepare(context, work)
    except Refused as bad:
        raise RollbackFailed(f"{context.step}: {bad.message}", remedy=bad.remedy) from bad
    return done(context, Action.ROLLBACK, work, runner, resolved)
