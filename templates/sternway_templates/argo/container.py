"""A step's action as a container template, and what all container templates share."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from hera.workflows import models as m
from sternway_steps.config import Config
from sternway_steps.saga.plan import Plan, PlannedStep
from sternway_steps.saga.retry import RETRIED
from sternway_steps.step import Action

from ..kubernetes.build_pod import PodParts, pod_parts
from ..kubernetes.config_maps import CONFIG
from ..kubernetes.images import image_of
from ..kubernetes.pod import REPORT, RESTRICTED, SPARE, UNATTENDED
from .models import new
from .on_end import reporter

_PLACE = ("name", "namespace", "journal.namespace")
"""The keys that say where a run is recorded. Its other values are in its journal, which alone a handler reads."""
_CUT_OFF = (-1,)
"""What Argo takes for the exit code of a pod that was deleted or evicted."""
_KILLED = "asInt(lastRetry.exitCode) == 137 && asInt(retries) == 0"
"""One that was killed may be tried once more; what takes more memory than it may does so again and again."""


def defaults(config: Config) -> m.Template:
    """Return what every container template has: Argo merges templateDefaults into each of its kind."""
    resources = config.argo.resources
    return new(
        m.Template,
        container=new(
            m.Container,
            # Named, or Argo's controller would ask the registry what the image starts.
            command=["sternway"],
            env=[new(m.EnvVar, name="HOME", value="/tmp")],  # noqa: S108  a volume of the pod's own
            resources=new(
                m.ResourceRequirements,
                requests=dict(resources.get("requests", {})) or None,
                limits=dict(resources.get("limits", {})) or None,
            ),
            security_context=m.SecurityContext(**{**RESTRICTED, **config.argo.security_context}),
            volume_mounts=[
                new(m.VolumeMount, name="config", mount_path="/config", read_only=True),
                new(m.VolumeMount, name="tmp", mount_path="/tmp"),  # noqa: S108  the same
            ],
        ),
    )


def container_of(
    config: Config, step: PlannedStep, action: Action, parameters: Mapping[str, m.Parameter]
) -> m.Template:
    """Return the template of one action of one step.

    Transient failures are retried. A rollback is retried too when its pod was cut off, for it may run twice; an
    execution that was cut off is undone, as the orchestrator does with a run that was stopped.
    """
    argo = config.argo
    again: tuple[int, ...]
    if action is Action.EXECUTE:
        retries, again = step.retries, RETRIED[action]
        deadline = step.deadline or config.deadline
    else:
        retries, again = argo.rollback_retries, (*RETRIED[action], *_CUT_OFF)
        deadline = argo.rollback_deadline
    more = pod_parts(config, [step], [action])
    given = parameters if action is Action.EXECUTE else of_place(parameters)
    return new(
        m.Template,
        name=f"{action.value}-{step.name}",
        container=_main(config, step.spec.name, ["step", step.name, action.value], given, more),
        volumes=[m.Volume(**volume) for volume in more.volumes] or None,
        retry_strategy=_retries(config, retries, again),
        active_deadline_seconds=math.ceil(deadline) + SPARE if deadline else None,
    )


def report(config: Config, plan: Plan, parameters: Mapping[str, m.Parameter]) -> m.Template:
    """Return the template that ends the run and reports how; its exit code is the run's."""
    argo, words = config.argo, ["report", "--status", "{{workflow.status}}"]
    container = _main(config, reporter(config, plan), words, of_place(parameters))
    container.env = [new(m.EnvVar, name="STERNWAY_FAILURES", value="{{workflow.failures}}"), *(container.env or [])]
    return new(
        m.Template,
        name=REPORT,
        container=container,
        retry_strategy=_retries(config, argo.rollback_retries, _CUT_OFF),
        active_deadline_seconds=math.ceil(argo.rollback_deadline + plan.seconds_at_end),
    )


def of_place(parameters: Mapping[str, m.Parameter]) -> dict[str, m.Parameter]:
    """Return the parameters that a handler's containers are given: `argo retry -p` drops the defaults of all others."""
    return {path: parameter for path, parameter in parameters.items() if path in _PLACE}


def _main(
    config: Config, step: str, words: Sequence[str], parameters: Mapping[str, m.Parameter], more: PodParts | None = None
) -> m.Container:
    more = more or PodParts()
    settings = [
        word for path, p in parameters.items() for word in ("--set", f"{path}={{{{workflow.parameters.{p.name}}}}}")
    ]
    run = ["--run", "{{workflow.uid}}", "--workflow", "{{workflow.name}}"]
    return new(
        m.Container,
        image=image_of(config, step),
        args=[*words, *run, "--config", f"/config/{CONFIG}", *settings],
        env=[*_scheduled(config), *(m.EnvVar(**each) for each in more.env)] or None,
        volume_mounts=[m.VolumeMount(**each) for each in more.mounts] or None,
    )


def _scheduled(config: Config) -> list[m.EnvVar]:
    """Return the variable that tells a schedule's run from one that a person submitted."""
    value = f"{{{{workflow.parameters.{UNATTENDED}}}}}"
    return [new(m.EnvVar, name="STERNWAY_UNATTENDED", value=value)] if config.schedule is not None else []


def _retries(config: Config, limit: int, codes: Collection[int]) -> m.RetryStrategy | None:
    if not limit:
        return None
    wait = config.argo.backoff
    return new(
        m.RetryStrategy,
        limit=str(limit),
        retry_policy="Always",
        expression=f"asInt(lastRetry.exitCode) in [{', '.join(str(int(code)) for code in codes)}]"
        + (f" || {_KILLED}" if set(_CUT_OFF) <= set(codes) else ""),
        backoff=new(m.Backoff, duration=f"{wait.first:g}s", factor="2", cap=f"{wait.most:g}s"),
    )
