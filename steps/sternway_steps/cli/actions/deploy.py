"""Deploy, and show what that would change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...config import Config
from ...config.prune import prunes
from ...errors import together
from ...exits import Exit
from ...journal.replay import Status
from ...saga.events import Event, StepEnded
from ...session import Session
from ..asking import answers, require_removal
from ..on_job import job_of, tell_end
from ..output import Output
from ..report_file import reported

if TYPE_CHECKING:
    from ...saga.pod_logs import Logs

_CHANGES = 1
"""What `plan --exit-code` says of changes, as `kubectl diff` does. No run ends so."""


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
