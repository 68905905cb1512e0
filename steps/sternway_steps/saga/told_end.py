"""How a run's end is told: in one paragraph, and in an Event beside its Workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..journal.replay import Status
from ..release.remedy import finish
from .result import Result
from .workflow_event import put_event

if TYPE_CHECKING:
    from ..kube.client import Client


def tell_end(client: Client, workflow: str, result: Result, namespace: str = "") -> None:
    """Put how a run ended beside its Workflow."""
    reason = reason_of(result.status)
    warning = result.status is not Status.SUCCEEDED
    put_event(client, workflow, result.run, reason, summary(result), warning=warning, namespace=namespace)


def reason_of(status: Status) -> str:
    """Return the reason of the Event that tells a run's end: its status, as Kubernetes writes reasons."""
    return "".join(word.title() for word in status.value.split("-"))


def summary(result: Result) -> str:
    """Return in one paragraph how a run ended, and what is to be done."""
    lines = [f"run {result.run}: {result.status.value}"]
    if result.error is not None:
        lines.append(f"first error: {result.error}")
    lines += [f"rollback: {error}" for error in result.rollback_errors]
    lines += [f"what {name} did is irreversible and stays" for name in result.stays]
    lines += [str(result.unrecorded)] if result.unrecorded is not None else []
    lines += [f"warning: {text}" for text in result.warnings]
    if result.status is Status.ROLLBACK_FAILED:
        lines.append(str(finish(result.name or result.run, result.rollback_errors)))
    return "\n".join(lines)
