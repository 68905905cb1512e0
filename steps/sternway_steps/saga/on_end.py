"""The steps that run when a run has ended (`on:` in the configuration): they tell of it, and never decide."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

from ..config.backoff import Backoff
from ..errors import Abandoned
from ..journal.replay import Status, replay
from ..release.remedy import finish
from ..spec import Action, RunEnd
from .assembly import AssembledRun
from .attempt_errors import failed_at_end
from .context_factory import contexts
from .events import Event, Listener, Note, StepEnded
from .plan import PlannedStep
from .result import Result
from .retried_step import RetriedAction


def run_on_end(run: AssembledRun, result: Result, *, tell: Listener, stop: threading.Event) -> Result:
    """Run the steps that the end of a run asks for; return the result with what went wrong meanwhile as warnings.

    Each tells each status of a run once: an attempt is recorded before it begins, so whoever ends the same run again
    tells it no more, and a process that dies meanwhile leaves it untold. An end that is not recorded, or is another
    process's to tell, is told by whoever records it.

    Args:
        run: the run, whose lock is held.
        result: its end, which is sealed.
        tell: is told the events of the steps.
        stop: ends a step early; one that had stopped the run itself before ends none.

    """
    if not run.plan.on_end or result.status in (Status.OPEN, Status.INTERRUPTED) or result.unrecorded is not None:
        return result
    warnings: list[str] = []
    end = _end_of(result)
    heard = run.lock.lost if stop.is_set() else stop
    try:
        for planned in _due(run, result.status):
            warnings += _warnings(run, replace(planned, end=end), tell, heard)
    except Abandoned:
        warnings.append(_noted(tell, "told to leave before every step that runs at the end had ended"))
    except Exception as error:  # noqa: BLE001  whatever it is, the run has ended as it did
        warnings.append(_noted(tell, f"the steps that run at the end could not be run: {error}"))
    return replace(result, warnings=(*result.warnings, *warnings))


def _due(run: AssembledRun, status: Status) -> Iterator[PlannedStep]:
    if not (records := run.journal.records()):
        return  # a schedule's run that was held leaves no record
    told = {attempt.step for attempt in replay(records).after if attempt.end == status}
    for planned in run.plan.on_end:
        wanted = planned.on == "always" or (planned.on == "success") == (status is Status.SUCCEEDED)
        if wanted and planned.name not in told:
            yield planned


def _warnings(run: AssembledRun, planned: PlannedStep, tell: Listener, stop: threading.Event) -> list[str]:
    ends: list[StepEnded] = []

    def tell_and_see(event: Event) -> None:
        ends.extend([event] if isinstance(event, StepEnded) else [])
        tell(event)

    error: Exception | None
    try:
        step = run.trusted(run.steps[planned.spec.name], planned, Action.EXECUTE)
        context_for = contexts(run, stop=stop)
        patient = RetriedAction(step, planned, Action.EXECUTE, run.journal, context_for, tell_and_see)
        error = patient.attempts(planned.retries + 1, Backoff(), stop).error
    except Exception as raised:  # noqa: BLE001  such as a package that is not installed here: the next one is run
        error = raised
    if error is None:
        return []
    text = failed_at_end(planned, error)
    return [text if ends else _noted(tell, text)]


def _noted(tell: Listener, text: str) -> str:
    """Tell what no attempt tells."""
    tell(Note(f"warning: {text}"))
    return text


def _end_of(result: Result) -> RunEnd:
    cause = str(result.error) if result.error is not None else ""
    name = result.name or result.run
    failed = result.status is Status.ROLLBACK_FAILED
    remedy = finish(name, result.rollback_errors).command if failed else ""
    return RunEnd(result.status.value, int(result.exit_code), cause, name, remedy)
