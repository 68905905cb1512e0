"""What has to be on the cluster before a run starts, and the Workflow that starts it."""

from __future__ import annotations

from typing import Any

from sternway_steps.argo.version import API
from sternway_steps.errors import Refused, Transient
from sternway_steps.kube.api_error import ApiError, conflicts
from sternway_steps.kube.client import Client
from sternway_steps.kube.discovery import UnknownKind
from sternway_steps.objects.ref import Ref

from ..argo.pipeline import HASH
from .submission import Submission

MANAGER = "sternway-templates"
# Who applied generated objects before, by the command that the refusals here name.
_KUBECTL = ("kubectl", "kubectl-client-side-apply")


def require_argo(client: Client) -> None:
    """Raise Refused when the cluster serves no Workflows."""
    try:
        client.resource(API, "Workflow")
    except UnknownKind as error:
        remedy = "install it, https://argo-workflows.readthedocs.io/en/latest/installation/, or use `sternway run`"
        raise Refused("there is no Argo Workflows on this cluster", remedy=remedy) from error


def apply(client: Client, submission: Submission) -> None:
    """Apply all generated objects, in order.

    Raises: Refused when somebody else changed one of the objects, and owns what would be changed.
    """
    for obj in submission.objects:
        ref = Ref.of(obj)
        try:
            client.apply(obj, manager=MANAGER)
        except ApiError as error:
            owned = conflicts(error)
            if not owned:
                raise
            if others := sorted({manager for _, manager in owned if manager not in _KUBECTL}):
                fields = ", ".join(name for name, manager in owned if manager in others)
                raise Refused(
                    f"{ref} was changed by {', '.join(others)}: {fields}",
                    remedy="undo that change, or take the fields over with `kubectl apply --server-side "
                    "--force-conflicts`",
                ) from error
            client.apply(obj, manager=MANAGER, force=True)


def require_current(client: Client, submission: Submission, path: str) -> None:
    """Raise Refused when the WorkflowTemplate on the cluster was not made from this configuration."""
    ref = Ref.of(submission.template)
    there = client.get(ref)
    if there is not None and (there["metadata"].get("annotations") or {}).get(HASH) == submission.digest:
        return
    what = "is not there" if there is None else "was made from another configuration, or by another Sternway"
    raise Refused(
        f"{ref} {what}",
        remedy=f"apply it: --apply, or `sternway template --config {path} --output - | "
        "kubectl apply --server-side -f -`",
    )


def workflow_of(submission: Submission) -> dict[str, Any]:
    """Return the Workflow that runs a pipeline: a reference to the template, with the values and labels of this run."""
    template = submission.template["metadata"]
    spec: dict[str, Any] = {"workflowTemplateRef": {"name": template["name"]}}
    if submission.values:
        spec["arguments"] = {"parameters": [{"name": n, "value": v} for n, v in submission.values.items()]}
    metadata = {
        "generateName": f"{template['name']}-",
        "namespace": submission.namespace,
        "labels": dict(template["labels"]),
    }
    return {"apiVersion": API, "kind": "Workflow", "metadata": metadata, "spec": spec}


def create(client: Client, submission: Submission) -> dict[str, Any]:
    """Create the Workflow and return it; raise Transient when it is not known whether it was created."""
    try:
        path = client.resource(API, "Workflow").path(submission.namespace)
        return client.raw("POST", path, query={"fieldManager": MANAGER}, body=workflow_of(submission))
    except ApiError as error:
        if not error.unreachable or error.reason == "Refused":  # a connection that was refused started nothing
            raise
        raise Transient(
            f"the answer was lost, so the run may have been started or not: {error}",
            remedy=f"kubectl get workflows --namespace {submission.namespace}",
        ) from error


def stop(client: Client, workflow: dict[str, Any]) -> None:
    """Ask Argo to stop a Workflow, as `argo stop` does: its exit handler runs, and undoes."""
    metadata = workflow["metadata"]
    path = client.resource(API, "Workflow").path(metadata["namespace"], metadata["name"])
    client.raw(
        "PATCH", path, query={"fieldManager": MANAGER}, body={"spec": {"shutdown": "Stop"}},
        content_type="application/merge-patch+json", safe=True,
    )  # fmt: skip
