"""The plan as a WorkflowTemplate: the steps forward, and an exit handler that undoes them in reverse."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hera.workflows import models as m
from sternway_steps.config import Config
from sternway_steps.saga.plan import Plan

from ..kubernetes.journal_key import key_parts
from ..kubernetes.pod import UNATTENDED, pod_security
from .container import defaults
from .metrics import metrics
from .models import new
from .pods import own_pods
from .rows import RowsOfSteps


def workflow_spec(
    config: Config, plan: Plan, account: str, maps: Sequence[str], parameters: Mapping[str, m.Parameter]
) -> m.WorkflowSpec:
    """Return the spec: an entry of steps, an exit handler of steps in reverse, a container for each step's action."""
    argo = config.argo
    return new(
        m.WorkflowSpec,
        entrypoint="execute",
        on_exit="undo",
        arguments=_arguments(config, parameters),
        service_account_name=account,
        active_deadline_seconds=math.ceil(config.deadline) if config.deadline else None,
        synchronization=new(m.Synchronization, mutexes=[new(m.Mutex, name=argo.mutex or f"sternway-{config.name}")]),
        pod_gc=new(m.PodGC, strategy=argo.pod_gc),
        ttl_strategy=new(
            m.TTLStrategy, seconds_after_success=int(argo.ttl), seconds_after_failure=int(argo.ttl_failed)
        ),
        security_context=m.PodSecurityContext(**pod_security(config)),
        pod_spec_patch=_patch(),
        pod_metadata=_pod_metadata(config),
        node_selector=dict(argo.node_selector) or None,
        tolerations=[m.Toleration(**t) for t in argo.tolerations] or None,
        image_pull_secrets=[new(m.LocalObjectReference, name=name) for name in argo.image_pull_secrets] or None,
        volumes=_volumes(config, maps),
        metrics=metrics(config),
        template_defaults=defaults(config),
        templates=RowsOfSteps(config, plan, own_pods(config), parameters).templates(),
    )


def _arguments(config: Config, parameters: Mapping[str, m.Parameter]) -> m.Arguments | None:
    wanted = list(parameters.values())
    if config.schedule is not None:
        described = "Set by the schedule, which does not deploy again what was undone."
        wanted.append(new(m.Parameter, name=UNATTENDED, value="false", description=described, enum=["false", "true"]))
    return new(m.Arguments, parameters=wanted) if wanted else None


def _volumes(config: Config, maps: Sequence[str]) -> list[m.Volume]:
    tmp = new(m.Volume, name="tmp", empty_dir=new(m.EmptyDirVolumeSource))
    return [_config_volume(maps), tmp, *(m.Volume(**each) for each in key_parts(config).volumes)]


def _config_volume(maps: Sequence[str]) -> m.Volume:
    sources = [new(m.VolumeProjection, config_map=new(m.ConfigMapProjection, name=name)) for name in maps]
    return new(m.Volume, name="config", projected=new(m.ProjectedVolumeSource, sources=sources))


def _pod_metadata(config: Config) -> m.Metadata | None:
    labels, annotations = dict(config.argo.pod_labels), dict(config.argo.pod_annotations)
    if not labels and not annotations:
        return None
    return new(m.Metadata, labels=labels or None, annotations=annotations or None)


def _patch() -> str:
    """Return the patch that makes the executor's own containers keep the restricted Pod Security Standard.

    Argo sets nothing for them itself.
    """
    safe = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    patch: dict[str, Any] = {
        "initContainers": [{"name": "init", "securityContext": safe}],
        "containers": [{"name": "wait", "securityContext": safe}],
    }
    return json.dumps(patch)
