"""How a pipeline runs on Argo Workflows: the sections `argo`, `schedule` and `parameters` of sternway.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .backoff import Backoff


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

    `image` is the steps' image: `{step}` stands for the step that is used, `{version}` for Sternway's version. By
    default only a node has it that it was loaded on: no registry is asked for a name that is nobody's.
    """

    image: str = "localhost/sternway-{step}:{version}"
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
