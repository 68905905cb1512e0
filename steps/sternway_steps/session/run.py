"""Deploy in this process: a run of all steps, or what an earlier pod of a Job left of one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..config import Config
from ..config.program import with_data
from ..journal.entries import new_run_id
from ..registry.steps import Specs
from ..saga.events import Listener
from ..saga.held import HoldPolicy
from ..saga.job import Job
from ..saga.location import Location
from ..saga.one_process import run_in_one_process
from ..saga.plan import make_plan
from ..saga.policy import Policy
from ..saga.result import Result
from ..saga.trust import Trust
from ..saga.undo import Undo
from .shared import Shared

if TYPE_CHECKING:
    from ..saga.assembly import AssembledRun
    from ..saga.pod_logs import Logs
    from ..saga.saved_plan import SavedPlan


def run_steps(
    shared: Shared,
    config: Config,
    tell: Listener,
    run: str | None,
    stop: threading.Event | None,
    hold: HoldPolicy,
    job: Job | None,
    planned: SavedPlan | str | None,
    logs: Logs | None,
) -> Result:
    """Execute the config's steps, and undo them when one fails; see `Session.run`."""
    config = with_data(config)
    at = shared.locate(config)
    if job is not None:
        taken = _taken_up(shared, config, at, run, job, tell)
        if isinstance(taken, Result):
            tell(taken.as_event())
            return taken
        run = taken
    assembled = shared.assembly.new_run(config, run or new_run_id(), at)
    policy = Policy(trust=assembled.trust)
    undo = Undo(shared.assembly, assembled.store, assembled.lock, shared.stop, tell, policy)
    with shared.stop.joined(stop) as stopped:
        unmoved = _held_to(planned)
        return shared.alone(
            lambda: run_in_one_process(assembled, undo, tell, stopped, hold, job, unmoved, logs), stopped
        )


def _taken_up(shared: Shared, config: Config, at: Location, run: str | None, job: Job, tell: Listener) -> Result | str:
    """End what an earlier pod of the Job left, and return that; or the id of the run that this pod begins."""
    from ..saga.job_retry import take_up

    plan = make_plan(config.steps, Specs(shared.steps, config.declared), config.on_end)
    undo_of = shared.rollback(at.store, tell, Policy(wait_lock=config.wait_lock, trust=Trust(config)))
    return shared.alone(lambda: take_up(undo_of, plan, job, run or job.name, config.name, tell))


def _held_to(planned: SavedPlan | str | None) -> Callable[[AssembledRun, threading.Event], None]:
    """Return what refuses a run that is not what was planned."""
    if planned is None:
        return lambda *_: None
    from ..saga.saved_plan import read_plan
    from ..saga.unmoved_plan import require_unmoved

    return require_unmoved(read_plan(planned) if isinstance(planned, str) else planned)
