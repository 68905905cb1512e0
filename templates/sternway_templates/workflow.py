"""The plan as a WorkflowTemplate: the steps forward, and an exit handler that walks them back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hera.workflows import models as m
from sternway_steps import __version__
from sternway_steps.config import Config
from sternway_steps.exits import Exit
from sternway_steps.plan import Backoff, Plan, PlannedStep
from sternway_steps.step import Action

from .files import CONFIG
from .made import made

RUN = "{{workflow.uid}}"
# The pod is killed only when the process did not end by its own deadline.
_SPARE = 30
_RESTRICTED = {
    "allow_privilege_escalation": False,
    "read_only_root_filesystem": True,
    "run_as_non_root": True,
    "capabilities": made(m.Capabilities, drop=["ALL"]),
    "seccomp_profile": made(m.SeccompProfile, type="RuntimeDefault"),
}
_UNDO = "{{workflow.status}} != Succeeded"


def workflow_spec(
    config: Config, plan: Plan, account: str, maps: Sequence[str], parameters: Mapping[str, m.Parameter]
) -> m.WorkflowSpec:
    """Give the spec: an entry of steps, an exit handler of steps in reverse, a container for each step's action."""
    argo = config.argo
    settings = [
        word for path, p in parameters.items() for word in ("--set", f"{path}={{{{workflow.parameters.{p.name}}}}}")
    ]
    undo = [step for step in reversed(plan.steps) if step.undoable]
    containers = [
        *(_container(config, step, Action.EXECUTE, settings) for step in plan.steps),
        *(_container(config, step, Action.ROLLBACK, settings) for step in undo),
        _report(config, plan, settings),
    ]
    volumes = [
        made(m.Volume, name="config", projected=made(m.ProjectedVolumeSource, sources=[
            made(m.VolumeProjection, config_map=made(m.ConfigMapProjection, name=name)) for name in maps])),
        made(m.Volume, name="tmp", empty_dir=made(m.EmptyDirVolumeSource)),
    ]  # fmt: skip
    return made(
        m.WorkflowSpec,
        entrypoint="execute",
        on_exit="undo",
        arguments=made(m.Arguments, parameters=list(parameters.values())) if parameters else None,
        service_account_name=account,
        active_deadline_seconds=math.ceil(config.deadline) if config.deadline else None,
        synchronization=made(m.Synchronization, mutexes=[made(m.Mutex, name=f"sternway-{config.name}")]),
        pod_gc=made(m.PodGC, strategy=argo.pod_gc),
        ttl_strategy=made(
            m.TTLStrategy, seconds_after_success=int(argo.ttl), seconds_after_failure=int(argo.ttl_failed)
        ),
        security_context=made(
            m.PodSecurityContext,
            run_as_non_root=True,
            run_as_user=argo.user,
            run_as_group=argo.user,
            seccomp_profile=made(m.SeccompProfile, type="RuntimeDefault"),
        ),
        pod_spec_patch=_patch(),
        pod_metadata=made(
            m.Metadata, labels=dict(argo.pod_labels) or None, annotations=dict(argo.pod_annotations) or None
        )
        if argo.pod_labels or argo.pod_annotations
        else None,
        node_selector=dict(argo.node_selector) or None,
        tolerations=[m.Toleration(**t) for t in argo.tolerations] or None,
        image_pull_secrets=[made(m.LocalObjectReference, name=name) for name in argo.image_pull_secrets] or None,
        volumes=volumes,
        templates=[
            _steps("execute", [(step.name, f"execute-{step.name}", None) for step in plan.steps]),
            _steps("undo", [*((s.name, f"rollback-{s.name}", _UNDO) for s in undo), ("report", "report", _UNDO)]),
            *containers,
        ],
    )


def _steps(name: str, wanted: Sequence[tuple[str, str, str | None]]) -> m.Template:
    """Give a template of steps in a row. In the handler, one that fails stops no other; the last one decides."""
    rows = [
        made(m.WorkflowStep, name=step, template=template, when=when,
             continue_on=made(m.ContinueOn, failed=True, error=True) if when and number < len(wanted) else None)
        for number, (step, template, when) in enumerate(wanted, 1)
    ]  # fmt: skip
    return made(m.Template, name=name, steps=[m.ParallelSteps(root=[row]) for row in rows])


def _container(config: Config, step: PlannedStep, action: Action, settings: Sequence[str]) -> m.Template:
    forward = action is Action.EXECUTE
    deadline = (step.deadline or config.deadline) if forward else config.argo.rollback_deadline
    return made(
        m.Template,
        name=f"{action.value}-{step.name}",
        container=_main(config, step.spec.name, ["step", step.name, action.value], settings),
        retry_strategy=_retries(step.retries if forward else config.argo.rollback_retries),
        active_deadline_seconds=math.ceil(deadline) + _SPARE if deadline else None,
    )


def _report(config: Config, plan: Plan, settings: Sequence[str]) -> m.Template:
    last = plan.steps[-1].spec.name
    return made(
        m.Template,
        name="report",
        container=_main(
            config, last, ["report", "--workflow", "{{workflow.name}}", "--status", "{{workflow.status}}"], settings
        ),
        retry_strategy=_retries(config.argo.rollback_retries),
        active_deadline_seconds=math.ceil(config.argo.rollback_deadline),
    )


def _main(config: Config, image: str, words: Sequence[str], settings: Sequence[str]) -> m.Container:
    return made(
        m.Container,
        image=config.argo.image.replace("{step}", image).replace("{version}", __version__),
        # Named, or Argo's controller would ask the registry what the image starts.
        command=["sternway"],
        args=[*words, "--run", RUN, "--config", f"/config/{CONFIG}", *settings],
        env=[made(m.EnvVar, name="HOME", value="/tmp")],  # noqa: S108  a volume of the pod's own
        resources=made(
            m.ResourceRequirements,
            requests=dict(config.argo.resources.get("requests", {})) or None,
            limits=dict(config.argo.resources.get("limits", {})) or None,
        ),
        security_context=made(m.SecurityContext, **_RESTRICTED),
        volume_mounts=[
            made(m.VolumeMount, name="config", mount_path="/config", read_only=True),
            made(m.VolumeMount, name="tmp", mount_path="/tmp"),  # noqa: S108  the same
        ],
    )


def _retries(limit: int) -> m.RetryStrategy | None:
    """Try again what the table of exit codes calls transient, with the orchestrator's own back-off."""
    if not limit:
        return None
    wait = Backoff()
    return made(
        m.RetryStrategy,
        limit=str(limit),
        retry_policy="Always",
        expression=f"asInt(lastRetry.exitCode) == {int(Exit.TRANSIENT)}",
        backoff=made(m.Backoff, duration=f"{wait.first:g}s", factor="2", cap=f"{wait.most:g}s"),
    )


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
