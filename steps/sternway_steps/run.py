"""One step, one action, one process: what a step's container does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .attempt import attempt
from .config import Config
from .errors import Refused, SternwayError
from .events import Listener, unfailing
from .exits import exit_of
from .journal.replay import Status, replay
from .journal.writer import RunJournal
from .orchestrator import Result, as_rollback_failure
from .places import open_journal, target_of
from .plan import make_plan
from .step import Action

if TYPE_CHECKING:
    from .session import Session


def run_step(session: Session, config: Config, name: str, action: Action, run: str, tell: Listener) -> Result:
    """Run one attempt of a step in a run; whoever calls sees to the order, and that nobody else is at the target.

    The run's own record is made by the first step that comes. A rollback of a step that never began does nothing.

    Raises: Refused, Transient: the step was not called.
    """
    store, _ = open_journal(config, session.book)
    journal = RunJournal(store, run, target_of(config, session.book))
    plan = make_plan(config.steps, session.specs())
    planned = next((step for step in plan.steps if step.name == name), None)
    if planned is None:
        names = ", ".join(step.name for step in plan.steps)
        raise Refused(f"the configuration has no step {name!r}", remedy=f"it has: {names}")
    records = journal.records()
    if not records:
        if action is Action.ROLLBACK:
            return Result(run, Status.UNDONE, exit_of(None))  # nothing began, so nothing is to be undone
        journal.start({"config": config.to_dict(), "stepwise": True})
    elif action is Action.ROLLBACK and name not in replay(records).begun():
        return Result(run, Status.UNDONE, exit_of(None))
    elif action is Action.EXECUTE and name in replay(records).undone():
        raise Refused(f"step {name} of run {run} was rolled back already", remedy="start a new run")
    error: Exception | None
    try:
        context_for = session.contexts(config, journal, plan)
        error = attempt(session.steps[planned.spec.name], planned, action, journal, context_for, unfailing(tell)).error
    except SternwayError as unwritten:
        error = unwritten
    done = Status.SUCCEEDED if action is Action.EXECUTE else Status.UNDONE
    if error is None:
        return Result(run, done, exit_of(None))
    if action is Action.ROLLBACK:
        error = error if exit_of(error).name in ("TRANSIENT", "STOPPED") else as_rollback_failure(planned, error)
        return Result(run, Status.ROLLBACK_FAILED, exit_of(error), error)
    return Result(run, Status.OPEN, exit_of(error), error)
