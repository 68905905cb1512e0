"""A run that is made step by step, each in a process of its own, as Argo makes it: one action of it, and its end."""

from __future__ import annotations

from ..config import Config
from ..journal.entries import new_run_id
from ..saga.events import Listener
from ..saga.held import HoldPolicy
from ..saga.recorded_values import with_recorded_specs, with_recorded_values
from ..saga.repeated import Patience
from ..saga.result import Result
from ..saga.standing import current_stepwise
from ..saga.step_run import Caller, run_step
from ..spec import Action
from .recorded import located
from .shared import Shared


def run_one_action(
    shared: Shared,
    config: Config,
    name: str,
    action: Action,
    run: str | None,
    tell: Listener,
    workflow: str,
    hold: HoldPolicy,
    patience: Patience,
) -> Result:
    """Run one action of one step; see `Session.step`."""
    at = shared.locate(config)
    if run:
        command = f"sternway step {name} {action} --run"
        # A new run may have any id; what undoes has to find the one that is meant.
        strict = action is Action.ROLLBACK and not workflow
        at, run = located(shared, at, config, run, command, strict=strict)
    run = run or current_stepwise(at.store, at.target, action)
    if run and workflow and action is Action.ROLLBACK:
        config = with_recorded_values(config, at.store.records(run), at.target)
    config = with_recorded_specs(config, lambda: at.store.records(run) if run else (), shared.steps)
    assembled = shared.assembly.new_run(config, run or new_run_id(), at)
    caller = Caller(workflow, hold, patience)
    return run_step(shared.assembly, shared.stop, assembled, name, action, run is not None, tell, caller)


def end_run_of_steps(
    shared: Shared,
    config: Config,
    run: str,
    phase: str,
    workflow: str,
    tell: Listener,
    hold: HoldPolicy,
    failures: str,
    *,
    another_round: bool,
) -> Result:
    """End a run whose steps were called one by one; see `Session.end`."""
    from ..saga.finalize import end_run

    at, run = located(shared, shared.locate(config), config, run, "sternway report --run", strict=not workflow)
    if workflow:
        config = with_recorded_values(config, at.store.records(run), at.target)
    config = with_recorded_specs(config, lambda: at.store.records(run), shared.steps)
    assembled = shared.assembly.new_run(config, run, at)
    return end_run(
        assembled, phase, workflow, tell, shared.book, shared.stop, hold, failures, another_round=another_round
    )
