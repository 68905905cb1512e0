"""What each command does: a call of the session, and what is printed of the result."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ..config import Config
from ..config.prune import prunes, pruning
from ..config.selection import recreating
from ..errors import ClusterError, Refused, SternwayError, Transient, is_transient, together
from ..exits import Exit
from ..journal.replay import Status
from ..registry.load import load, load_with_source
from ..saga.events import Event, StepEnded
from ..saga.retry import retry_transient
from ..saga.told_end import summary
from ..session import Session
from ..spec import Action
from ..yamltree.errors import ConfigErrors
from . import termination as pod
from .asking import answers, asking, require_removal
from .container_set import SetContainer
from .on_job import job_of, tell_end
from .on_workflow import tell_workflow
from .output import Output
from .pod_start import require_all_started
from .report_file import reported
from .set_step import SetOptions, SetStep
from .terminated import sweep_when_terminated
from .unresolved import refuse_unresolved

if TYPE_CHECKING:
    from ..saga.pod_logs import Logs
    from ..saga.result import Result
    from ..saga.sweep import Swept

_CHANGES = 1
"""What `plan --exit-code` says of changes, as `kubectl diff` does. No run ends so."""


def load_config(arguments: dict[str, Any]) -> Config:
    """Take the configuration's options out of a command's arguments, and return the configuration."""
    overrides = arguments.pop("overrides")
    if arguments.get("workflow"):
        refuse_unresolved(overrides)
    config = load(arguments.pop("path"), overrides=overrides, environ=os.environ, stdin=sys.stdin)
    deploy = config.deploy
    if arguments.pop("force_conflicts", False):
        deploy = replace(deploy, force_conflicts=True)
    if policy := arguments.pop("on_conflict", None):
        deploy = replace(deploy, on_conflict=policy)
    if arguments.pop("restart_stale", False):
        deploy = replace(deploy, restart_stale=True)
    if arguments.pop("recreate_forward", False):
        config = replace(config, steps=recreating(config.steps))
    prune = arguments.pop("prune", False)
    wait = arguments.pop("wait_lock", None)
    config = replace(config, deploy=deploy, wait_lock=config.wait_lock if wait is None else wait)
    return pruning(config) if prune else config


@overload
def _target(path: str) -> Config: ...
@overload
def _target(path: str | None) -> Config | None: ...
def _target(path: str | None) -> Config | None:
    """Return what a configuration says of its target, journal and commands; its objects need not be there."""
    return load(path, environ=os.environ, objects=False) if path is not None else None


def config_show(output: Output, path: str, overrides: Sequence[str]) -> int:
    """Show the merged configuration."""
    output.config(load_with_source(path, overrides=overrides, environ=os.environ, stdin=sys.stdin)[1])
    return Exit.DONE


def run(
    session: Session,
    output: Output,
    config: Config,
    run: str | None,
    job_uid: str,
    planned: str | None = None,
    report_file: str | None = None,
    logs: Logs | None = None,
    yes: bool = False,
    **hold: Any,
) -> int:
    """Run the pipeline; `hold` says who starts it, `job_uid` that a pod of a Job does, which is called as the run.

    A person is asked what may be removed, unless `yes` says so, or a saved plan.
    """
    if prunes(config) and not yes and planned is None and answers():
        require_removal(output, session.no_longer_named(config))
    job = job_of(session.book, run, job_uid) if job_uid else None
    told = list[Exception | None]()
    with reported(report_file, session, config, output) as tell:

        def listen(event: Event) -> None:
            told.extend([event.error] if isinstance(event, StepEnded) else [])
            tell(event)

        result = session.run(config, listen, run=run or None, job=job, planned=planned, logs=logs, **hold)
    if result.status is Status.HELD and result.error is not None and result.error not in told:
        output.error(result.error)  # it was held before its first step
    tell_end(session.book, job, config, result)
    return result.exit_code


def plan(
    session: Session, output: Output, config: Config, tell: bool, whole: bool = False, save: str | None = None
) -> int:
    """Show what would change; exit 3 when a run would be refused, 1 when `tell` and something would change."""
    found = session.plan(config)
    if found.previews or not found.refusals:
        output.plan(found.previews, whole=whole)
    output.stays(found.stays)
    for step_name, on in found.on_end:
        output.result("plan-on-end", {"step": step_name, "on": on}, [f"{step_name} runs when all is over (on: {on})"])
    for note in found.notes:
        output.note(note)
    if found.refusals:
        output.error(together(found.refusals))
        return Exit.REFUSED
    if save:
        saved = session.saved_plan(config, found)
        saved.write(save)
        output.notice(f"saved to {save}: sternway run --plan {save} applies exactly that")
    changes = any(one.result in ("create", "change", "recreate", "remove", "unknown") for one in found.previews)
    return _CHANGES if tell and changes else Exit.DONE


def rollback(
    session: Session,
    output: Output,
    run: str | None,
    to: str | None,
    unfinished: bool,
    journal_of: str | None,
    **policy: Any,
) -> int:
    """Undo a run, several runs, or only finish an undo; `policy` is what the user says of an undo."""
    where = _target(journal_of)
    how: dict[str, Any] = {**policy, "journal_of": where}
    approve = asking(output)
    if to is not None:
        result = session.rollback_to(to, output.event, **how, approve=approve)
        left = f"run {to} is what stands: there is no later one to undo"
    elif unfinished and run is not None:
        result = session.finish(run, output.event, **how)
        left = f"run {run} has ended, or changed nothing: no undo is left to be finished"
    else:
        if run is None:
            how["journal_of"] = where or _target("sternway.yaml")
            run = session.newest(how["journal_of"])
        result = session.rollback(run, output.event, **how, approve=approve)
    if result is None:
        output.notice(left)
    pod.write_termination_message(summary(result) if result is not None else left)
    return result.exit_code if result is not None else Exit.DONE


def resume(session: Session, output: Output, run: str, journal_of: str | None, **policy: Any) -> int:
    """Go on with a run."""
    where = _target(journal_of)
    result = session.resume(run, output.event, **policy, journal_of=where, approve=asking(output))
    pod.write_termination_message(summary(result))
    return result.exit_code


def sweep(
    session: Session,
    output: Output,
    journal_of: str | None,
    every: float | None,
    **which: Any,
) -> int:
    """Sweep once, or again and again until told to stop."""
    where = _with_objects(journal_of, output) if journal_of is not None else None
    lock = threading.Lock()

    def tell(swept: Swept) -> None:
        with lock:
            output.result("swept", asdict(swept), [str(swept)])

    while True:
        code = _swept(lambda: session.sweep(tell, journal_of=where, **which), output, again=every is not None)
        if every is None or session.stop.wait(every):
            return code


def _with_objects(path: str, output: Output) -> Config:
    """Return a configuration with its objects, which show a run that the journal has lost; without, if need be."""
    try:
        return load(path, environ=os.environ)
    except (ConfigErrors, Transient) as error:
        config = _target(path)  # raises what is wrong with the configuration itself
        why = error.errors[0] if isinstance(error, ConfigErrors) else error
        output.note(f"a run whose record is gone is not looked for, because its objects are not known: {why}")
        return config


def _swept(sweep: Callable[[], list[Swept]], output: Output, *, again: bool) -> Exit:
    try:
        found = sweep()
    except (SternwayError, ClusterError) as error:
        if not again or not is_transient(error):
            raise
        output.error(error)
        return Exit.TRANSIENT
    if not found and not again:
        output.notice("no run is open")
    pod.write_termination_message("\n".join(map(str, found)) or "no run is open")
    from ..saga.sweep import worst

    return worst(found)


def runs(session: Session, output: Output, target: str | None, journal_of: str | None, wide: bool) -> int:
    """List runs."""
    where = _target(journal_of)
    output.runs(session.runs(target, journal_of=where), wide=wide)
    return Exit.DONE


def show(session: Session, output: Output, run: str, journal_of: str | None, watch: bool) -> int:
    """Show the whole story of a run, or follow it until it ends."""
    where = _target(journal_of)
    if watch:
        return session.watch(run, output.event, note=output.note, journal_of=where)
    output.story(session.story(run, journal_of=where), lambda: session.changes(run, journal_of=where))
    return Exit.DONE


def status(session: Session, output: Output, target: str | None, journal_of: str | None) -> int:
    """Show how a target stands."""
    where = _target(journal_of)
    from .target_status import data_of, lines_of

    found = session.status(target, journal_of=where)
    output.result("target", data_of(found), list(lines_of(found)))
    return Exit.DONE


def unhold(session: Session, output: Output, target: str | None, journal_of: str | None) -> int:
    """Say of each run by which something was held that it is no more."""
    where = _target(journal_of)
    released = session.unhold(target, journal_of=where)
    for hold in released:
        line = f"what run {hold.run} deployed to {hold.target} is held no more"
        output.result("unheld", asdict(hold), [line])
    if not released:
        output.notice("nothing is held")
    return Exit.DONE


def step(
    session: Session,
    output: Output,
    config: Config,
    step: str,
    action: str,
    run: str | None,
    workflow: str,
    in_a_set: Mapping[str, Any],
    **hold: Any,
) -> int:
    """Run one action of one step; `hold` says who started the run, `in_a_set` what else a containerSet needs."""
    show, told = pod.with_progress(output.event, os.environ), list[Exception | None]()

    def tell(event: Event) -> None:
        told.extend([event.error] if isinstance(event, StepEnded) else [])
        show(event)

    shared = SetOptions.of(**in_a_set)

    def told_as_ended(error: Exception) -> None:
        pod.write_termination_message(pod.sentence(error))
        if run:
            tell_workflow(session.book, workflow, run, error, step=step)

    def show_error(error: Exception) -> None:
        output.error(error)
        told_as_ended(error)

    def work() -> int:
        with sweep_when_terminated(session, config, run, workflow, output.note):
            require_all_started(session.book, os.environ, shared.all_start_within, session.stop)
            result = session.step(config, step, Action(action), run, tell, workflow, patience=shared.patience, **hold)
        for untold in (result.error, result.unrecorded):  # such as who holds the target, before an attempt began
            if untold is not None and untold not in told and (untold.__cause__ is None or untold.__cause__ not in told):
                output.error(untold)
        if (error := result.error or result.unrecorded) is not None:
            told_as_ended(error)
        return result.exit_code

    return SetStep(SetContainer.of(os.environ), Action(action), shared, session.stop, show_error).end(work)


def report(
    session: Session,
    output: Output,
    config: Config,
    run: str,
    status: str,
    workflow: str,
    code_file: str | None = None,
    outcome_file: str | None = None,
    **known: Any,
) -> int:
    """End a run that was made step by step; the exit code is the run's, so what is transient is retried here.

    `known`: who started it, what Argo tells of the nodes that failed, and whether another round of rollbacks follows
    if this one did not end the run. Once it has ended its exit code is written into `code_file`, and how it ended, as
    the journal calls it, into `outcome_file`.
    """
    end = partial(session.end, config, run, status, workflow, output.event, **known)
    with sweep_when_terminated(session, config, run, workflow, output.note):
        result = retry_transient(end, session.stop)
    if result.status is Status.OPEN and result.error is not None:
        output.error(result.error)
        pod.write_termination_message(str(result.error))
        return result.exit_code
    _show_end(session, output, config, result)
    pod.write_termination_message(summary(result))
    if code_file is not None:
        Path(code_file).write_text(str(int(result.exit_code)), encoding="ascii")
    if outcome_file is not None:
        Path(outcome_file).write_text(result.status.value, encoding="ascii")
    return result.exit_code


def _show_end(session: Session, output: Output, config: Config, result: Result) -> None:
    """Show the run's story, or why there is none: one that was held, or refused before it began, records nothing."""
    if result.status is Status.HELD and result.error is not None:
        output.error(result.error)
        return
    try:
        output.story(session.story(result.run, journal_of=config))
    except Refused:
        if result.status is not Status.REFUSED or result.error is None:
            raise
        output.error(result.error)
