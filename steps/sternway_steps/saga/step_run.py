"""One step, one action, one process: what a step's container does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config import Config
from ..errors import Refused
from ..exits import Exit, word_of_exit
from ..journal.backends.store import Store
from ..journal.entries import new_run_id
from ..journal.replay import Status, Story, replay
from ..journal.writer import RunJournal
from ..spec import Action
from .events import Listener, RunStarted, unfailing
from .location import open_journal, target_of
from .plan import Plan, PlannedStep, make_plan
from .result import Result
from .step_attempt import OneStep

if TYPE_CHECKING:
    from ..session import Session


def run_step(
    session: Session, config: Config, name: str, action: Action, run: str | None, tell: Listener, workflow: str = ""
) -> Result:
    """Run one action of a step in a run; whoever calls sees to the order.

    The run's own record is made by the first step that comes, and ended when the last one has succeeded. An execution
    is one attempt: the caller reads from the exit code whether to try again. A rollback tries again here, for a
    handler's own retries end when its Workflow was stopped. The target's lock is held meanwhile, so a rollback waits
    for an execution that still lives.

    Args:
        session: the cluster.
        config: the run's configuration.
        name: the step's.
        action: execute or rollback.
        run: the run's id. None stands for the target's newest run that was made step by step; an execution begins a
            new one when that has ended, or is being undone.
        tell: is told what happens.
        workflow: the Argo Workflow that calls, "" for none.

    Raises: Refused, Transient: the step was not called.

    """
    tell = unfailing(tell)
    plan = make_plan(config.steps, session.specs(config))
    planned = _find(plan, name)
    store, lock = open_journal(config, session.book)
    target = target_of(config, session.book)
    run = run or _current(store, target, action)
    journal = RunJournal(store, run or new_run_id(), target)
    records = journal.records() if run else ()
    story = replay(records) if records else None
    tell(RunStarted(journal.run, target, (name,), store.where(), action is Action.ROLLBACK))
    if action is Action.ROLLBACK and (story is None or name not in story.begun()):
        return Result(journal.run, Status.UNDONE, Exit.DONE)  # nothing began, so nothing is to be undone
    one = OneStep(session, config, plan, planned, action, journal, lock, tell)
    if action is Action.EXECUTE and story is not None:
        if story.undone():
            raise Refused(f"run {journal.run} was rolled back already", remedy="start a new run")
        if workflow and (last := story.last(name)) is not None and last.result != word_of_exit(Exit.TRANSIENT):
            return one.again(last)
    if action is Action.ROLLBACK:
        return one.rolled_back()
    if story is None:
        one.begin(store, workflow)
    return one.executed()


def _find(plan: Plan, name: str) -> PlannedStep:
    for step in plan.steps:
        if step.name == name:
            return step
    names = ", ".join(step.name for step in plan.steps)
    raise Refused(f"the configuration has no step {name!r}", remedy=f"it has: {names}")


def _current(store: Store, target: str, action: Action) -> str | None:
    """Give the newest run of a target that was made step by step, if the action belongs to it."""
    for head in reversed(store.heads(target)):
        if replay([head]).stepwise:
            story: Story = replay(store.records(head.key.run))
            going = story.status is Status.OPEN and not story.undone()
            return story.run if going or action is Action.ROLLBACK else None
    return None
