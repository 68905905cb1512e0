"""How a controller of Argo Workflows is set, as far as it can be read: its arguments, variables, ConfigMap.

The defaults stand in environment-variables.md, workflow-controller-configmap.md and the controller's flags of 4.1.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..objects.ref import Ref
from .version import controllers

if TYPE_CHECKING:
    from ..kube.client import Client

CONFIG_MAP = "workflow-controller-configmap"
REQUEUE = "DEFAULT_REQUEUE_TIME"
_DEFAULT_REQUEUE = "10s"


@dataclass(frozen=True)
class Controller:
    """A controller's Deployment, and what it says. `config` is None where the ConfigMap can't be read."""

    name: str
    namespace: str
    ready: int
    arguments: Mapping[str, str]
    """Its flags, by their name without dashes; one without a value is "true"."""
    variables: Mapping[str, str]
    config: Mapping[str, Any] | None = field(default_factory=dict)

    @property
    def requeue(self) -> str:
        """After which time it looks at a Workflow again, as Go writes times; "" when another object says it."""
        return self.variables.get(REQUEUE, _DEFAULT_REQUEUE)

    @property
    def watches(self) -> str:
        """The one namespace that it serves, "" for all."""
        if self.arguments.get("namespaced", "false") == "false":
            return ""
        return self.arguments.get("managed-namespace") or self.namespace


def find_controller(client: Client, namespace: str) -> Controller | None:
    """Return the controller that most likely serves a namespace; None when none can be seen."""
    for deployment, container in controllers(client, namespace) or ():
        metadata = deployment["metadata"]
        arguments = _flags([*(container.get("command") or [])[1:], *(container.get("args") or [])])
        variables = {one["name"]: str(one.get("value", "")) for one in container.get("env") or []}
        ready = int((deployment.get("status") or {}).get("readyReplicas") or 0)
        name = arguments.get("configmap", CONFIG_MAP)
        config = _config(client, metadata["namespace"], name)
        return Controller(metadata["name"], metadata["namespace"], ready, arguments, variables, config)
    return None


def _flags(words: list[str]) -> dict[str, str]:
    """Read flags as Go's pflag does: --name=value, --name value, --name."""
    found: dict[str, str] = {}
    for word, following in zip(words, [*words, ""][1:], strict=True):
        if word.startswith("--"):
            name, given, value = word[2:].partition("=")
            found[name] = value if given else "true" if following.startswith("--") or not following else following
    return found


def _config(client: Client, namespace: str, name: str) -> dict[str, Any] | None:
    """Return the ConfigMap's settings: all in the key `config`, or each in a key of its own; None when unreadable."""
    import yaml

    try:
        found = client.get(Ref("v1", "ConfigMap", namespace, name))
    except ApiError:
        return None
    data = (found or {}).get("data") or {}
    try:
        if "config" in data:
            whole = yaml.safe_load(data["config"])
            return whole if isinstance(whole, dict) else {}
        return {key: yaml.safe_load(text) for key, text in data.items()}
    except (yaml.YAMLError, ValueError):
        return None
