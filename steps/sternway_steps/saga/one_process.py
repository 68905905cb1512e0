"""A whole run in one process: its checks, its lock, the recovery of an interrupted run, then the run to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from ..errors import Held, Stopped
from ..journal.locks.lock import held
from ..journal.name import require_new_id
from .assembly import AssembledRun
from .author import author
from .events import Listener, unfailing
from .held import HoldCheck, HoldPolicy, held_back
from .job import Job
from .orchestrator import Orchestrator
from .pod_logs import Logs, with_logs
from .preflight import require_no_refusal
from .recovery import finish_interrupted, patiently
from .result import Result
from .undo import Undo
from .workflow import workflow_seen


def run_in_one_process(
    run: AssembledRun,
    undo: Undo,
    tell: Listener,
    stop: threading.Event,
    policy: HoldPolicy = HoldPolicy(),
    job: Job | None = None,
    unmoved: Callable[[AssembledRun, threading.Event], None] = lambda *_: None,
    logs: Logs | None = None,
) -> Result:
    """Run it, and undo it when a step fails.

    Args:
        run: the run, whose lock is taken here.
        undo: undoes what was left half done; its lock is the run's.
        tell: is told every event.
        stop: asks the run to stop and to undo itself; it is set when the lock is lost, too.
        policy: what becomes of a run whose content the target holds.
        job: the Kubernetes Job whose pod this is, which is recorded.
        unmoved: called when the target is held; raises Refused when the run is not to be what was planned.
        logs: which lines of its new pods are events, too.

    Raises: Refused, Transient, Stopped: nothing was touched.

    """
    require_new_id(run.id)
    require_no_refusal(run, stop)  # what is missing is found before anything is written
    if stop.is_set():
        raise Stopped("the run was stopped before it began; nothing was touched")
    with ExitStack() as holding:
        begin = partial(_take, run, undo, stop, unfailing(tell), holding)
        patiently(begin, run.config.wait_lock, stop, unfailing(tell))
        check = HoldCheck(run, policy, unfailing(tell))
        try:
            check.before_the_run()
        except Held as error:
            result = held_back(run, error)
            unfailing(tell)(result.as_event())
            return result
        unmoved(run, stop)
        about = {"config": run.config.to_dict(), "by": author(), **(job.as_record() if job is not None else {})}
        with with_logs(run.config, run.client, logs, tell) as tell_all:
            return Orchestrator.of(check.on_the_way(), tell_all, stop).run(about, run.config.history)


def _take(run: AssembledRun, undo: Undo, stop: threading.Event, tell: Listener, holding: ExitStack) -> None:
    """Take the target, and end what was left half done; it is held until `holding` ends, unless this raises."""
    with ExitStack() as taken:
        taken.enter_context(held(run.lock, run.id, stop, None, tell))
        state = partial(workflow_seen, undo.assembly.book)
        finish_interrupted(run.store, run.journal, undo.interrupted, state, on_argo=False)
        holding.enter_context(taken.pop_all())
