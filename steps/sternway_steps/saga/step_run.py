"""One step, one action, one process: what a step's container does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..errors import Held
from ..exits import Exit
from ..journal.entries import Record
from ..journal.replay import Status, replay
from ..spec import Action
from .assembly import AssembledRun, Assembly
from .cancel import StopAll
from .events import Listener, RunStarted, unfailing
from .held import HoldCheck, HoldPolicy, held_back
from .policy import Policy
from .refusals import step_as_declared
from .repeated import Patience, repeated
from .result import Result
from .sealed import refuse_out_of_turn, told_again
from .step_attempt import OneStep


@dataclass(frozen=True)
class Caller:
    """Who has a step's action run, and what that means for it."""

    workflow: str = ""
    """The Argo Workflow that calls, "" for none."""
    policy: HoldPolicy = HoldPolicy()
    """What becomes of a run whose content the target holds."""
    patience: Patience = Patience()
    """How often it is tried again here."""


def run_step(
    assembly: Assembly,
    stop: StopAll,
    assembled: AssembledRun,
    name: str,
    action: Action,
    named: bool,
    tell: Listener,
    caller: Caller = Caller(),
) -> Result:
    """Run one action of a step in a run; whoever calls sees to the order, and a Workflow is held to it.

    The run's own record is made by the first step that comes, and ended when the last one has succeeded. An execution
    is one attempt, unless the caller wants more: it reads from the exit code whether to try again. A rollback tries
    again here, for a handler's own retries end when its Workflow was stopped. The target's lock is held meanwhile, so a
    rollback waits for an execution that still lives.

    Args:
        assembly: what puts the run together.
        stop: asks it to stop.
        assembled: the run.
        name: the step's.
        action: execute or rollback.
        named: the run may be known already: its id is none that was made just now.
        tell: is told what happens.
        caller: who calls.

    Raises: Refused, Transient: the step was not called.

    """
    tell, workflow = unfailing(tell), caller.workflow
    planned = assembled.plan.step(name)
    back, run_name = action is Action.ROLLBACK, assembled.journal.name
    tell(RunStarted(assembled.id, assembled.target, (name,), assembled.store.where(), back, name=run_name))
    if action is Action.ROLLBACK and not named:
        return Result(assembled.id, Status.UNDONE, Exit.DONE)  # no run was ever made, so nothing is to be undone
    check = HoldCheck(assembled, caller.policy, tell)

    def interrupted(records: Sequence[Record]) -> Result:
        from .undo import Undo

        undo = Undo(assembly, assembled.store, assembled.lock, stop, tell, Policy(trust=assembled.trust))
        return undo.interrupted(records)

    one = OneStep(check.on_the_way(), planned, action, interrupted, stop, tell, workflow)
    if action is Action.ROLLBACK:
        return one.rolled_back(caller.patience)

    step_as_declared(assembled, planned)  # before anything is recorded of a run that it can't take part in

    def execute(tell: Listener) -> Result:
        this = replace(one, tell=tell)
        records = assembled.journal.records() if named else ()
        story = replay(records) if records else None
        if story is not None and (last := told_again(story, name, workflow)) is not None:
            return this.again(last)
        if workflow:
            refuse_out_of_turn(assembled.plan.before(planned), name, assembled.id, story)
        if story is None:
            try:
                this.begin(check.before_the_run)
            except Held as error:
                return held_back(assembled, error)
        return this.executed()

    return repeated(execute, name, caller.patience, stop, tell)
