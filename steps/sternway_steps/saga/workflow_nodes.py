"""The nodes of a Workflow: what its status says of each of the pods on the way forward, and of those of its handler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.discovery import UnknownKind
from ..objects.ref import Ref
from .stored_nodes import stored_nodes

if TYPE_CHECKING:
    from ..kube.client import Client

API = "argoproj.io/v1alpha1"
Node = Mapping[str, Any]
_OF_A_STEP = ("Pod", "Retry", "Container")
"""The types of nodes that do something."""
_LONGEST = 242
"""What precedes the hash in a pod's name, in characters (workflow/util/pod_name.go, 4.1.2)."""
_NAMES = "workflows.argoproj.io/pod-name-format"


def nodes_of(workflow: Node, *, of_handler: bool) -> list[Node]:
    """Return the nodes of the way forward, or those of the exit handler."""
    name = workflow["metadata"]["name"]
    return [node for node in stored_nodes(workflow) if str(node.get("name")).startswith(f"{name}.onExit") is of_handler]


def succeeded_nodes(client: Client, name: str, run: str) -> frozenset[str]:
    """Return what has succeeded on a Workflow's way forward, as `argo get` shows it; nothing when it can't be seen.

    A step is a node by its name, in a pod of its own (Pod, Retry) or in one with others (Container).
    """
    done = (node for node in _forward(_found(client, name, run)) if node.get("phase") == "Succeeded")
    return frozenset(str(node.get("displayName")) for node in done if node.get("type") in _OF_A_STEP)


def unstarted_nodes(client: Client, name: str, run: str) -> list[Node]:
    """Return the pods of a Workflow's way forward, which is over, that never started; nothing when it can't be seen.

    Each as `workflow.failures` has those that failed. Argo marks one that it gives up as failed and deletes its pod;
    what it reads of that afterwards makes the node pending again, and so it is not among the failures (4.1.2).
    """
    found = _found(client, name, run)
    pods = (node for node in _forward(found) if (node.get("type"), node.get("phase")) == ("Pod", "Pending"))
    return [{**node, "podName": _pod_name(found, node)} for node in pods]


def _pod_name(workflow: Node, node: Node) -> str:
    """Return the name of a node's pod, as Argo makes it of Workflow, template and the hash in the node's id."""
    metadata, id_ = workflow["metadata"], str(node.get("id"))
    if (metadata.get("annotations") or {}).get(_NAMES) == "v1":
        return id_
    prefix = f"{metadata['name']}-{node.get('templateName')}"[:_LONGEST]
    return f"{prefix}-{id_.rpartition('-')[2]}"


def _found(client: Client, name: str, run: str) -> Node:
    """Return a run's Workflow; nothing when it can't be seen."""
    try:
        found = client.get(Ref(API, "Workflow", client.namespace, name))
    except (ApiError, UnknownKind):
        return {}
    return found if found is not None and found["metadata"].get("uid") == run else {}


def _forward(workflow: Node) -> list[Node]:
    return nodes_of(workflow, of_handler=False) if workflow else []
