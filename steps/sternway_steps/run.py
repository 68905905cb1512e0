"""One step, one action, one process: what a step's container does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from .attempt import attempt
from .config import Config
from .errors import Refused, SternwayError, Transient
from .events import Listener, unfailing
from .exits import Exit, exit_of
from .journal.replay import Status, replay
from .journal.writer import RunJournal, prune
from .orchestrator import ROLLBACK_TRIES, Result, as_rollback_failure
from .places import open_journal, target_of
from .plan import Backoff, PlannedStep, make_plan
from .step import Action

if TYPE_CHECKING:
    from .session import Session


def run_step(session: Session, config: Config, name: str, action: Action, run: str, tell: Listener) -> Result:
    """Run one action of a step in a run; whoever calls sees to the order.

    The run's own record is made by the first step that comes, and ended when the last one has succeeded. An execution
    is one attempt: the caller reads from the exit code whether to try again. A rollback tries again here, for a
    handler's own retries end when its Workflow was stopped. The target's lock is held meanwhile, so a rollback waits
    for an execution that still lives.

    Raises: Refused, Transient: the step was not called.
    """
    store, lock = open_journal(config, session.book)
    journal = RunJournal(store, run, target_of(config, session.book))
    plan = make_plan(config.steps, session.specs())
    planned = next((step for step in plan.steps if step.name == name), None)
    if planned is None:
        names = ", ".join(step.name for step in plan.steps)
        raise Refused(f"the configuration has no step {name!r}", remedy=f"it has: {names}")
    records = journal.records()
    if action is Action.ROLLBACK and (not records or name not in replay(records).begun()):
        return Result(run, Status.UNDONE, Exit.DONE)  # nothing began, so nothing is to be undone
    if action is Action.EXECUTE and records and replay(records).undone():
        raise Refused(f"run {run} was rolled back already", remedy="start a new run")
    if not records:
        journal.start({"config": config.to_dict(), "stepwise": True})
    contexts = session.contexts(config, journal, plan, lock.lost)
    step = session.steps[planned.spec.name]

    def once() -> Exception | None:
        try:
            lock.acquire(run, session.stop)
            try:
                return attempt(step, planned, action, journal, contexts, unfailing(tell)).error
            finally:
                lock.release()
        except SternwayError as unwritten:
            return unwritten

    if action is Action.ROLLBACK:
        return _rolled_back(run, planned, _patiently(once, session.stop))
    error = once()
    if error is not None:
        return Result(run, Status.OPEN, exit_of(error), error)
    if planned == plan.steps[-1]:
        journal.end({"status": Status.SUCCEEDED.value, "exit": int(Exit.DONE), "rollback_errors": []})
        with suppress(SternwayError):  # what is not forgotten now is forgotten by the next run
            prune(store, journal.target, config.history)
    return Result(run, Status.SUCCEEDED, Exit.DONE)


def _patiently(once: Callable[[], Exception | None], stop: threading.Event) -> Exception | None:
    backoff = Backoff()
    error = once()
    for tries in range(1, ROLLBACK_TRIES):
        if not isinstance(error, Transient) or stop.wait(backoff.delay(tries, error.retry_after)):
            break
        error = once()
    return error


def _rolled_back(run: str, planned: PlannedStep, error: Exception | None) -> Result:
    if error is None:
        return Result(run, Status.UNDONE, Exit.DONE)
    if exit_of(error) not in (Exit.TRANSIENT, Exit.STOPPED):
        error = as_rollback_failure(planned, error)
    return Result(run, Status.ROLLBACK_FAILED, exit_of(error), error)
