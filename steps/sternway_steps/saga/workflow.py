"""The Argo Workflow that makes a run, as the cluster that keeps the journal knows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..journal.replay import Story
from ..kube.api_error import ApiError
from ..kube.discovery import UnknownKind
from ..objects.ref import Ref
from .workflow_nodes import API, Node, nodes_of

if TYPE_CHECKING:
    from ..kube.client import Client

_ENDED = ("Succeeded", "Failed", "Error")
START_DEADLINE = "sternway.dev/start-deadline"
"""The annotation of a Workflow: so many seconds a pod of its exit handler may take to start."""


@dataclass(frozen=True)
class WorkflowState:
    """Whether nothing more comes of a Workflow, not even its exit handler; `over` is None when that can't be told.

    `late`: it waits for a pod of its handler that does not start, and holds its mutex meanwhile.
    """

    over: bool | None
    how: str
    late: bool = False


def namespace_of_workflow(client: Client, name: str, run: str) -> str:
    """Return the namespace of a run's Workflow, the pod's own; "" when it is not seen there.

    Only one that was seen may later be called gone: another cluster's Workflow is in no API that we ask.
    """
    return client.namespace if _seen(client, client.namespace, name, run) else ""


def workflow_state(client: Client, story: Story) -> WorkflowState:
    """Return what becomes of the Workflow that makes a run; its UID is the run's id.

    Argo runs no exit handler when it is terminated (spec.shutdown) or deleted; one that has ended has run it.

    Raises: ApiError when that can't be told now.
    """
    name = f"Workflow {story.workflow}"
    if not story.workflow_namespace:
        return WorkflowState(None, f"{name} on Argo makes it, which the run itself could not see when it began")
    return state_in(client, story.workflow_namespace, story.workflow, story.run)


def workflow_seen(client: Client, story: Story) -> WorkflowState:
    """Tell the same, but not fail over rights: who may not look does not know."""
    try:
        return workflow_state(client, story)
    except ApiError as error:
        if error.status not in (401, 403):
            raise
        return WorkflowState(None, f"Workflow {story.workflow} on Argo makes it, which can't be looked at: {error}")


def state_in(client: Client, namespace: str, name: str, run: str) -> WorkflowState:
    """Tell the same of a Workflow by its name, and the run's id, which is its UID."""
    said = f"Workflow {name}"
    try:
        found = client.get(Ref(API, "Workflow", namespace, name))
    except UnknownKind:
        return WorkflowState(True, f"{said} is gone, as all of Argo's API is")
    if found is None or found["metadata"].get("uid") != run:
        return WorkflowState(True, f"{said} is gone")
    if found["metadata"].get("deletionTimestamp"):
        return WorkflowState(True, f"{said} is being deleted")
    phase = str((found.get("status") or {}).get("phase") or "Pending")
    if phase in _ENDED:
        return WorkflowState(True, f"{said} has ended ({phase}) without a report")
    if (found.get("spec") or {}).get("shutdown") == "Terminate":
        return WorkflowState(True, f"{said} is being terminated")
    if late := _late_handler(found):
        return WorkflowState(True, f"{said} is at its exit handler, which does not start: {late}", late=True)
    return WorkflowState(False, f"{said} is at work ({phase})")


def told_to_stop(client: Client, name: str) -> bool:
    """Tell whether somebody stopped a Workflow of the client's own namespace; true when that can't be told."""
    try:
        found = client.get(Ref(API, "Workflow", client.namespace, name))
    except (ApiError, UnknownKind):
        return True
    return found is None or bool((found.get("spec") or {}).get("shutdown"))


def terminate(client: Client, story: Story) -> None:
    """Terminate a Workflow whose run has ended, and whose exit handler does not start: nothing is left for it to do.

    Argo would wait for its pod for ever, with the mutex that the next run of the target needs.

    Raises: ApiError, when it may not be.
    """
    ref = Ref(API, "Workflow", story.workflow_namespace, story.workflow)
    client.patch(ref, {"spec": {"shutdown": "Terminate"}}, manager="sternway", safe=True)


def _late_handler(workflow: Node) -> str:
    """Say what keeps the exit handler's pod from starting, if it has for longer than the Workflow gives it; else "".

    Argo waits for such a pod for ever, or until its activeDeadlineSeconds, and that once more for each retry.
    """
    limit = str((workflow["metadata"].get("annotations") or {}).get(START_DEADLINE))
    pods = [node for node in nodes_of(workflow, of_handler=True) if node.get("type") == "Pod"]
    if not limit.isdigit() or any(node.get("phase") == "Running" for node in pods):
        return ""
    begun = datetime.now(UTC) - timedelta(seconds=int(limit))
    for node in pods:
        since = node.get("startedAt")
        if node.get("phase") == "Pending" and since and datetime.fromisoformat(since) < begun:
            why = node.get("message") or "Argo gives no reason"
            return f"pod {node.get('displayName')} is pending since {since}: {why}"
    return ""


def _seen(client: Client, namespace: str, name: str, run: str) -> bool:
    try:
        found = client.get(Ref(API, "Workflow", namespace, name))
    except (ApiError, UnknownKind):
        return False
    return found is not None and found["metadata"].get("uid") == run
