"""How a pipeline runs on Argo Workflows: the sections `argo`, `schedule` and `parameters` of sternway.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..yamltree import scalars as s
from ..yamltree.document import Node
from ..yamltree.reader import Many, Raw, Section, Short, Table
from .backoff import Backoff
from .step_pod import RESOURCES, TEXTS, TOLERATIONS, renamed, untagged


@dataclass(frozen=True)
class Parameter:
    """A key of the config that can be changed at submission; its default is what the config says."""

    description: str = ""
    enum: tuple[str, ...] = ()


@dataclass(frozen=True)
class Schedule:
    """When a CronWorkflow starts runs; `starting_deadline` and the two histories as in CronWorkflowSpec."""

    cron: tuple[str, ...]
    timezone: str = "Etc/UTC"
    starting_deadline: float = 300.0
    succeeded_history: int = 3
    failed_history: int = 3
    suspend: bool = False
    stop_strategy: str = ""
    """The expression over `cronworkflow.failed` and `cronworkflow.succeeded` that ends the schedule; "" for none."""


@dataclass(frozen=True)
class ArgoConfig:
    """What the WorkflowTemplate needs beyond the plan. Durations are seconds.

    `image` is the steps' image: `{step}` stands for the step that is used, `{version}` for Sternway's version.
    """

    image: str = "sternway-{step}:{version}"
    images: Mapping[str, str] = field(default_factory=dict)
    """Images by the name of the step that is used, for steps of other packages."""
    service_account: str | None = None
    pods: str | None = None
    """`one` pod forward and one back, or `each` step its own; None splits where a step asks for a pod of its own."""
    rollback_deadline: float = 900.0
    start_deadline: float = 120.0
    """A pod of the exit handler that has not started by then is waited for no more: the sweeper undoes the run."""
    pending_timeout: float = 600.0
    """A pod that executes and has not started by then (no node has room, an image can't be pulled) is given up."""
    rollback_retries: int = 5
    backoff: Backoff = Backoff()
    mutex: str | None = None
    """The mutex that one Workflow of the target holds at a time; None names it after the config."""
    sweep: bool = True
    """A CronJob of each minute brings to its end what was killed, terminated or deleted."""
    undo_on_terminate: bool = True
    """A step's process that is told to stop by `argo terminate` or a deletion starts that at once."""
    ttl: float = 7 * 86400.0
    ttl_failed: float = 30 * 86400.0
    pod_gc: str = "OnPodSuccess"
    resources: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"memory": "256Mi"},
        }
    )
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    image_pull_secrets: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    pod_annotations: Mapping[str, str] = field(default_factory=dict)
    user: int = 65532
    security_context: Mapping[str, Any] = field(default_factory=dict)
    """Merged over the containers' restricted one, as in Kubernetes' SecurityContext."""
    pod_security_context: Mapping[str, Any] = field(default_factory=dict)
    """The same for the pods, as in PodSecurityContext."""


_NAMES = {
    "serviceAccount": "service_account",
    "rollbackDeadline": "rollback_deadline",
    "startDeadline": "start_deadline",
    "pendingTimeout": "pending_timeout",
    "rollbackRetries": "rollback_retries",
    "undoOnTerminate": "undo_on_terminate",
    "ttlFailed": "ttl_failed",
    "podGC": "pod_gc",
    "nodeSelector": "node_selector",
    "imagePullSecrets": "image_pull_secrets",
    "podLabels": "pod_labels",
    "podAnnotations": "pod_annotations",
    "securityContext": "security_context",
    "podSecurityContext": "pod_security_context",
    "startingDeadline": "starting_deadline",
    "succeededHistory": "succeeded_history",
    "failedHistory": "failed_history",
    "stopStrategy": "stop_strategy",
}
_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*(\{(step|version)\}[A-Za-z0-9._/:@-]*)*")


_IMAGE = s.matching(_PATTERN, "an image reference; {step} and {version} are filled in", 4096)
ARGO = Section(
    {
        "image": _IMAGE,
        "images": Table(s.dns_label, _IMAGE),
        "serviceAccount": s.dns_name,
        "pods": s.one_of("one", "each"),
        "rollbackDeadline": s.duration,
        "startDeadline": s.duration,
        "pendingTimeout": s.duration,
        "rollbackRetries": s.whole(0, 100),
        "backoff": Section({"first": s.duration, "most": s.duration}, Backoff),
        "mutex": s.dns_name,
        "sweep": s.boolean,
        "undoOnTerminate": s.boolean,
        "ttl": s.duration,
        "ttlFailed": s.duration,
        "podGC": s.one_of("OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"),
        "resources": RESOURCES,
        "nodeSelector": TEXTS,
        "tolerations": TOLERATIONS,
        "imagePullSecrets": Many(s.dns_name),
        "labels": TEXTS,
        "annotations": TEXTS,
        "podLabels": TEXTS,
        "podAnnotations": TEXTS,
        "user": s.whole(1),
        "securityContext": Table(untagged, Raw()),
        "podSecurityContext": Table(untagged, Raw()),
    },
    renamed(ArgoConfig, _NAMES),
)


@s.reads("a time zone, such as Europe/Berlin", {"type": "string", "minLength": 1})
def _zone(node: Node) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    text = s.string(node)
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise s.InvalidValue(f"there is no time zone {text!r}", "a name such as Europe/Berlin") from error
    return text


@s.reads("the times in cron's form, such as 0 3 * * *", untagged.schema)
def _times(node: Node) -> Schedule:
    return Schedule((untagged(node),))


SCHEDULE = Short(
    _times,
    Section(
        {
            "cron": Many(untagged),
            "timezone": _zone,
            "startingDeadline": s.duration,
            "succeededHistory": s.whole(0, 1000),
            "failedHistory": s.whole(0, 1000),
            "suspend": s.boolean,
            "stopStrategy": Section({"expression": untagged}, lambda expression: expression, required=("expression",)),
        },
        renamed(Schedule, _NAMES),
        required=("cron",),
    ),
)
PARAMETERS = Table(
    s.matching(re.compile(r"[A-Za-z][A-Za-z0-9_.-]*"), "a key of the config, such as env.LEVEL"),
    Section({"description": untagged, "enum": Many(untagged)}, renamed(Parameter, _NAMES)),
)
