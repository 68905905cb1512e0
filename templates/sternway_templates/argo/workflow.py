"""The plan as a WorkflowTemplate: the steps forward, and an exit handler that walks them back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hera.workflows import models as m
from sternway_steps.config import Config
from sternway_steps.saga.plan import Plan
from sternway_steps.step import Action

from ..kubernetes.pod import REPORT, pod_security
from .container import container_of, defaults, report
from .models import made

# Only this is known to a handler for sure (Argo, "Variables"); whether a step began is in the journal.
_UNDO = "{{workflow.status}} != Succeeded"


def workflow_spec(
    config: Config, plan: Plan, account: str, maps: Sequence[str], parameters: Mapping[str, m.Parameter]
) -> m.WorkflowSpec:
    """Give the spec: an entry of steps, an exit handler of steps in reverse, a container for each step's action."""
    argo, end = config.argo, (REPORT, REPORT, _UNDO)
    undo = plan.undo_groups([step.name for step in plan.steps])
    return made(
        m.WorkflowSpec,
        entrypoint="execute",
        on_exit="undo",
        arguments=made(m.Arguments, parameters=list(parameters.values())) if parameters else None,
        service_account_name=account,
        active_deadline_seconds=math.ceil(config.deadline) if config.deadline else None,
        synchronization=made(m.Synchronization, mutexes=[made(m.Mutex, name=argo.mutex or f"sternway-{config.name}")]),
        pod_gc=made(m.PodGC, strategy=argo.pod_gc),
        ttl_strategy=made(
            m.TTLStrategy, seconds_after_success=int(argo.ttl), seconds_after_failure=int(argo.ttl_failed)
        ),
        security_context=m.PodSecurityContext(**pod_security(config)),
        pod_spec_patch=_patch(),
        pod_metadata=_pod_metadata(config),
        node_selector=dict(argo.node_selector) or None,
        tolerations=[m.Toleration(**t) for t in argo.tolerations] or None,
        image_pull_secrets=[made(m.LocalObjectReference, name=name) for name in argo.image_pull_secrets] or None,
        volumes=[_config_volume(maps), made(m.Volume, name="tmp", empty_dir=made(m.EmptyDirVolumeSource))],
        template_defaults=defaults(config),
        templates=[
            _steps("execute", [[(s.name, f"execute-{s.name}", None) for s in group] for group in plan.groups]),
            _steps("undo", [*([(s.name, f"rollback-{s.name}", _UNDO) for s in group] for group in undo), [end]]),
            *(container_of(config, step, Action.EXECUTE, parameters) for step in plan.steps),
            *(container_of(config, step, Action.ROLLBACK, parameters) for group in undo for step in group),
            report(config, plan, parameters),
        ],
    )


def _steps(name: str, wanted: Sequence[Sequence[tuple[str, str, str | None]]]) -> m.Template:
    """Give a template of rows of steps. In the handler, one that fails stops no other; the last one decides."""
    rows = [
        [
            made(m.WorkflowStep, name=step, template=template, when=when,
                 continue_on=made(m.ContinueOn, failed=True, error=True) if when and number < len(wanted) else None)
            for step, template, when in row
        ]
        for number, row in enumerate(wanted, 1)
    ]  # fmt: skip
    return made(m.Template, name=name, steps=[m.ParallelSteps(root=row) for row in rows])


def _config_volume(maps: Sequence[str]) -> m.Volume:
    sources = [made(m.VolumeProjection, config_map=made(m.ConfigMapProjection, name=name)) for name in maps]
    return made(m.Volume, name="config", projected=made(m.ProjectedVolumeSource, sources=sources))


def _pod_metadata(config: Config) -> m.Metadata | None:
    labels, annotations = dict(config.argo.pod_labels), dict(config.argo.pod_annotations)
    if not labels and not annotations:
        return None
    return made(m.Metadata, labels=labels or None, annotations=annotations or None)


def _patch() -> str:
    """Bring the executor's own containers under the restricted Pod Security Standard; Argo sets nothing for them."""
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
    return json.dumps(patch, separators=(",", ":"))
