"""What the pod of one step on Argo has of its own: the key `pod` of a step. What it shares with `argo` is here too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ..yamltree import scalars as s
from ..yamltree.document import Node
from ..yamltree.reader import Key, Many, Section, Short, Table


@dataclass(frozen=True)
class StepPod:
    """What the pod of one step has in place of what `argo` says; a step that has this has a pod of its own."""

    service_account: str | None = None
    host_network: bool = False
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()


_NAMES = {"serviceAccount": "service_account", "hostNetwork": "host_network", "nodeSelector": "node_selector"}


def own_pod_reason(pod: StepPod) -> str:
    """Return the keys for which a step has a pod of its own."""
    keys = {field: key for key, field in _NAMES.items()}
    wanted = [keys.get(each.name, each.name) for each in fields(pod) if getattr(pod, each.name)]
    return f"pod.{', pod.'.join(wanted)}" if wanted else "pod: own"


def renamed(make: Any, names: Mapping[str, str]) -> Any:
    """Return a function that makes a section's value: its keys are Kubernetes' own, and lists become tuples."""

    def section(**keys: Any) -> Any:
        values = {names.get(key, key): tuple(v) if isinstance(v, list) else v for key, v in keys.items()}
        return make(**values)

    return section


@s.reads("a text without {{ and }}", {"type": "string", "not": {"pattern": r"\{\{|\}\}"}})
def untagged(node: Node) -> str:
    """Read a string that goes into the workflow itself: there Argo would replace a tag such as {{x}}."""
    text = s.string(node)
    if "{{" in text or "}}" in text:
        raise s.InvalidValue("Argo would read this as a tag of its own", "a text without {{ and }}")
    return text


TEXTS = Table(untagged, untagged)
_QUANTITIES = Table(untagged, s.quantity)
RESOURCES = Section(
    {
        "requests": Key(_QUANTITIES, "What a container is sure to get.", examples=({"cpu": "50m", "memory": "64Mi"},)),
        "limits": Key(_QUANTITIES, "What a container may use at most.", examples=({"memory": "256Mi"},)),
    }
)
TOLERATIONS = Many(
    Section(
        {
            "key": Key(untagged, "The taint's key; without it, every taint."),
            "operator": Key(s.one_of("Exists", "Equal"), "Whether the taint's value must be `value`.", "Equal"),
            "value": Key(untagged, "The taint's value."),
            "effect": Key(
                s.one_of("NoSchedule", "PreferNoSchedule", "NoExecute"), "The taint's effect; without it, any."
            ),
            "tolerationSeconds": Key(s.whole(), "How long a pod stays on a node with a NoExecute taint."),
        }
    )
)


_OWN = s.one_of("own")


@s.reads(_OWN.expected, _OWN.schema)
def _own(node: Node) -> StepPod:
    _OWN(node)
    return StepPod()


STEP_POD = Short(
    _own,
    Section(
        {
            "serviceAccount": Key(s.dns_name, "The ServiceAccount of the step's pod."),
            "hostNetwork": Key(s.boolean, "The pod has the node's network.", StepPod.host_network),
            "resources": Key(RESOURCES, "What the step's container requests and may use."),
            "nodeSelector": Key(TEXTS, "Labels of the nodes that the pod may run on."),
            "tolerations": Key(TOLERATIONS, "Taints of nodes that the pod tolerates."),
        },
        renamed(StepPod, _NAMES),
    ),
)
"""The key `pod` of a step: `own`, or what its pod has that those of other steps do not."""
