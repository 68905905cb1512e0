"""How a run has ended whose Workflow has ended: by the journal, and without one by the pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sternway_steps.errors import RollbackFailed, Stopped
from sternway_steps.exits import Exit, exit_of
from sternway_steps.journal.entries import Kind, Record
from sternway_steps.journal.replay import Status, replay
from sternway_steps.saga.events import RunEnded
from sternway_steps.saga.plan import Plan
from sternway_steps.step import Action

from .events import first_error
from .nodes import attempts_of, message_of, phase_of, pods

# What the report's exit code says of the run; every other one stands for an undo that went well.
_STATUS = {
    int(Exit.REFUSED): Status.REFUSED,
    int(Exit.TRANSIENT): Status.REFUSED,
    int(Exit.ROLLBACK_FAILED): Status.ROLLBACK_FAILED,
}


def ending(
    run: str, plan: Plan, records: Sequence[Record], workflow: Mapping[str, Any], gone: bool, seconds: float
) -> RunEnded:
    """Tell a run's end by its own record; where that has no end, say what is left undone and how to finish.

    Args:
        run: its id.
        plan: its steps.
        records: its journal.
        workflow: as it was seen last.
        gone: it was deleted before it had ended.
        seconds: that the run took.

    """
    story = replay(records)
    head = next(record for record in records if not record.key.step)
    last = head.entries[-1]
    if last.kind is Kind.RUN_ENDED:
        code = int(last.data.get("exit", Exit.DONE))
        failures = tuple(RollbackFailed(str(text)) for text in last.data.get("rollback_errors") or ())
        text = str(last.data.get("error") or "")
        error = first_error(plan, story.attempts) or Stopped(text) if text else None
        return RunEnded(run, story.status, code, seconds, error, failures, story.stays)
    undone = story.undone()
    left = [step.name for step in plan.undo_of(story.begun()) if step.name not in undone]
    return _cut_off(run, left, workflow, gone, seconds)


def ending_by_pods(run: str, plan: Plan, workflow: Mapping[str, Any], gone: bool, seconds: float) -> RunEnded:
    """Tell a run's end without its journal: by the exit code of the report, which ends each run that failed."""
    found = pods(workflow)
    reported = [pod.code for pod in found if pod.action is None and pod.code is not None]
    if not gone and phase_of(workflow) == "Succeeded":
        return RunEnded(run, Status.SUCCEEDED, int(Exit.DONE), seconds)
    if reported:
        code = reported[-1]
        error = first_error(plan, attempts_of(workflow)) or Stopped(how(workflow, gone))
        status = _STATUS.get(code, Status.UNDONE)
        return RunEnded(run, status, code, seconds, error)
    begun = {pod.step for pod in found if pod.action is Action.EXECUTE and pod.phase != "Pending"}
    undone = {pod.step for pod in found if pod.action is Action.ROLLBACK and pod.phase == "Succeeded"}
    left = [step.name for step in plan.undo_of(begun) if step.name not in undone]
    return _cut_off(run, left, workflow, gone, seconds)


def how(workflow: Mapping[str, Any], gone: bool) -> str:
    """Say how a Workflow ended."""
    name = workflow["metadata"]["name"]
    if gone:
        return f"Workflow {name} was deleted"
    message = f" ({text})" if (text := message_of(workflow)) else ""
    if (workflow.get("spec") or {}).get("shutdown") == "Terminate":
        return f"Workflow {name} was terminated{message}"
    return f"Workflow {name} ended as {phase_of(workflow)}{message}"


def _cut_off(run: str, left: Sequence[str], workflow: Mapping[str, Any], gone: bool, seconds: float) -> RunEnded:
    ended = f"{how(workflow, gone)} before its handler had ended the run"
    if not left:
        error = Stopped(f"{ended}; nothing is left that could be undone")
        return RunEnded(run, Status.UNDONE, int(Exit.STOPPED), seconds, error)
    failure = RollbackFailed(f"not undone: {', '.join(left)}", remedy=f"sternway rollback {run}")
    return RunEnded(run, Status.INTERRUPTED, int(exit_of(failure)), seconds, Stopped(ended), (failure,))
