"""The containers of a Workflow's shared pods: which step each belongs to, and whether its turn came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sternway_steps.saga.stored_nodes import stored_nodes
from sternway_steps.step import Action

CONTAINER = "Container"
"""The type of the node of a container of a set, in Argo's status."""
_Node = Mapping[str, Any]
_ACTIONS = tuple(action.value for action in Action)


class SharedPods:
    """Reads what the Workflow keeps of its template, and the graph of its nodes."""

    def __init__(self, workflow: _Node) -> None:
        status = workflow.get("status") or {}
        stored = status.get("storedWorkflowTemplateSpec") or {}
        self._nodes: dict[str, _Node] = {str(node.get("id")): node for node in stored_nodes(workflow)}
        self._steps = dict[tuple[str, str], tuple[Action | None, str]]()
        for template in (*(stored.get("templates") or ()), *((workflow.get("spec") or {}).get("templates") or ())):
            for container in (template.get("containerSet") or {}).get("containers") or ():
                what, step, action = [*(container.get("args") or ()), "", "", ""][:3]
                key = (str(template.get("name")), str(container.get("name")))
                if what == "report":
                    self._steps[key] = (None, "")
                elif what == "step" and action in _ACTIONS:
                    self._steps[key] = (Action(action), str(step))

    def what(self, node: _Node) -> tuple[Action | None, str] | None:
        """Return which action of which step a container runs, (None, "") for the report; None before its turn."""
        for other in self._nodes.values():
            waits = node.get("id") in (other.get("children") or ()) and other.get("type") == CONTAINER
            if waits and other.get("phase") != "Succeeded":
                return None
        return self._steps.get(_key(node))

    def pod_of(self, node: _Node) -> _Node:
        """Return the pod of a container, or else the node itself."""
        return self._nodes.get(str(node.get("boundaryID")), {}) if node.get("type") == CONTAINER else node

    def place(self, node: _Node) -> tuple[str, int, str]:
        """Return by what nodes are sorted: when their pod began, then their place in it."""
        places = list(self._steps)
        began, key = str(self.pod_of(node).get("startedAt") or ""), _key(node)
        return began, places.index(key) if key in places else -1, str(node.get("name"))


def _key(node: _Node) -> tuple[str, str]:
    return str(node.get("templateName") or ""), str(node.get("displayName") or "")
