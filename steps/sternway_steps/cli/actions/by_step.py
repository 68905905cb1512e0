"""What another runner makes a run of, such as Argo: one action of one step, and the end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...config import Config
from ...errors import Refused
from ...journal.replay import Status
from ...saga.events import Event, StepEnded
from ...saga.retry import retry_transient
from ...saga.told_end import summary
from ...session import Session
from ...spec import Action
from .. import termination as pod
from ..container_set import SetContainer
from ..on_workflow import tell_workflow
from ..output import Output
from ..pod_start import require_all_started
from ..set_step import SetOptions, SetStep
from ..terminated import sweep_when_terminated

if TYPE_CHECKING:
    from ...saga.result import Result


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
