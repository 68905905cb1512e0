"""The plan as a WorkflowTemplate: the steps forward, and an exit handler that undoes them in reverse."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hera.workflows import models as m
from sternway_steps.config import Config
from sternway_steps.saga.plan import Plan
from sternway_steps.step import Action

from ..kubernetes.pod import REPORT, UNATTENDED, pod_security
from .container import container_of, defaults, report
from .models import new
from .on_end import after_success

# Only this is known to a handler for sure (Argo, "Variables"); whether a step began is in the journal.
_UNDO = "{{workflow.status}} != Succeeded"


def workflow_spec(
    config: Config, plan: Plan, account: str, maps: Sequence[str], parameters: Mapping[str, m.Parameter]
) -> m.WorkflowSpec:
    """Return the spec: an entry of steps, an exit handler of steps in reverse, a container for each step's action."""
    argo, end = config.argo, (REPORT, REPORT, _UNDO)
    undo = plan.undo_groups([step.name for step in plan.steps])
    told = [row] if (row := after_success(plan)) else []
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
        volumes=[_config_volume(maps), new(m.Volume, name="tmp", empty_dir=new(m.EmptyDirVolumeSource))],
        template_defaults=defaults(config),
        templates=[
            _steps("execute", [[(s.name, f"execute-{s.name}", None) for s in group] for group in plan.groups]),
            _steps("undo", [*told, *([(s.name, f"rollback-{s.name}", _UNDO) for s in group] for group in undo), [end]]),
            *(container_of(config, step, Action.EXECUTE, parameters) for step in plan.steps),
            *(container_of(config, step, Action.ROLLBACK, parameters) for group in undo for step in group),
            report(config, plan, parameters),
        ],
    )


def _arguments(config: Config, parameters: Mapping[str, m.Parameter]) -> m.Arguments | None:
    wanted = list(parameters.values())
    if config.schedule is not None:
        described = "Set by the schedule, which does not deploy again what was undone."
        wanted.append(new(m.Parameter, name=UNATTENDED, value="false", description=described, enum=["false", "true"]))
    return new(m.Arguments, parameters=wanted) if wanted else None


def _steps(name: str, wanted: Sequence[Sequence[tuple[str, str, str | None]]]) -> m.Template:
    """Return a template of rows of steps. In the handler, one that fails stops no other; the last one decides."""
    rows = [
        [
            new(m.WorkflowStep, name=step, template=template, when=when,
                 continue_on=new(m.ContinueOn, failed=True, error=True) if when and number < len(wanted) else None)
            for step, template, when in row
        ]
        for number, row in enumerate(wanted, 1)
    ]  # fmt: skip
    return new(m.Template, name=name, steps=[m.ParallelSteps(root=row) for row in rows])


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
    return json.dumps(patch, separators=(",", ":"))
