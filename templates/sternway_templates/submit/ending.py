"""How a run ended, once its Workflow has ended: by the journal, or by the pods where the journal can't be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sternway_steps.exits import Exit
from sternway_steps.journal.entries import Record
from sternway_steps.journal.name import RunName
from sternway_steps.journal.replay import Status, replay
from sternway_steps.saga.events import RunEnded
from sternway_steps.saga.plan import Plan
from sternway_steps.saga.verdict import as_recorded, by_exit_code, cut_off

from .nodes import attempts_of, message_of, phase_of, pods


def ending(
    name: RunName, plan: Plan, records: Sequence[Record], workflow: Mapping[str, Any], gone: bool, seconds: float
) -> RunEnded:
    """Return the end of a run by its own record; where that has no end, say what is left undone and how to finish.

    Args:
        name: its name.
        plan: its steps.
        records: its journal.
        workflow: in its last known state.
        gone: it was deleted before it had ended.
        seconds: the duration of the run.

    """
    story = replay(records)
    early = _early(workflow, gone)
    result = as_recorded(plan, story) if story.ended else cut_off(name.run, plan, story.attempts, early, str(name))
    return replace(result, name=str(name)).as_event(seconds)


def ending_by_pods(name: RunName, plan: Plan, workflow: Mapping[str, Any], gone: bool, seconds: float) -> RunEnded:
    """Return the end of a run without its journal: by the exit code of the report, which ends each failed run."""
    attempts = attempts_of(workflow)
    reports = [pod for pod in pods(workflow) if pod.action is None]
    reported = [pod.code for pod in reports if pod.code is not None]
    if not gone and phase_of(workflow) == "Succeeded":
        reported = [int(Exit.DONE)]
    if reported:
        result = by_exit_code(name.run, plan, attempts, reported[-1], describe_end(workflow, gone))
        if any(f"run {name.run}: {Status.HELD.value}" in pod.message for pod in reports):
            result = replace(result, status=Status.HELD)  # such a run leaves no record but the report's message
    else:
        result = cut_off(name.run, plan, attempts, _early(workflow, gone), str(name))
    return replace(result, name=str(name)).as_event(seconds)


def describe_end(workflow: Mapping[str, Any], gone: bool) -> str:
    """Return in words how a Workflow ended."""
    name = workflow["metadata"]["name"]
    if gone:
        return f"Workflow {name} was deleted"
    message = f" ({text})" if (text := message_of(workflow)) else ""
    if (workflow.get("spec") or {}).get("shutdown") == "Terminate":
        return f"Workflow {name} was terminated{message}"
    return f"Workflow {name} ended as {phase_of(workflow)}{message}"


def _early(workflow: Mapping[str, Any], gone: bool) -> str:
    return f"{describe_end(workflow, gone)} before its handler had ended the run"
