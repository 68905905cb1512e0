"""A step's action as a container template, and what all of them share."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from hera.workflows import models as m
from sternway_steps.config import Config
from sternway_steps.saga.plan import Plan, PlannedStep
from sternway_steps.saga.retry import RETRIED
from sternway_steps.step import Action

from ..kubernetes.build_pod import Needs, needs
from ..kubernetes.config_maps import CONFIG
from ..kubernetes.images import image_of
from ..kubernetes.pod import REPORT, RESTRICTED, SPARE
from .models import made

_CUT_OFF = (-1, 137)
"""What Argo sees of a pod that was deleted or evicted, and of one that was killed."""


def defaults(config: Config) -> m.Template:
    """Give what every container template has: Argo merges templateDefaults into each of its kind."""
    resources = config.argo.resources
    return made(
        m.Template,
        container=made(
            m.Container,
            # Named, or Argo's controller would ask the registry what the image starts.
            command=["sternway"],
            env=[made(m.EnvVar, name="HOME", value="/tmp")],  # noqa: S108  a volume of the pod's own
            resources=made(
                m.ResourceRequirements,
                requests=dict(resources.get("requests", {})) or None,
                limits=dict(resources.get("limits", {})) or None,
            ),
            security_context=m.SecurityContext(**{**RESTRICTED, **config.argo.security_context}),
            volume_mounts=[
                made(m.VolumeMount, name="config", mount_path="/config", read_only=True),
                made(m.VolumeMount, name="tmp", mount_path="/tmp"),  # noqa: S108  the same
            ],
        ),
    )


def container_of(
    config: Config, step: PlannedStep, action: Action, parameters: Mapping[str, m.Parameter]
) -> m.Template:
    """Give the template of one action of one step.

    What is transient is tried again. A rollback is tried again too when its pod was cut off, for it may run twice;
    an execution that was cut off is undone, as the orchestrator does with a run that was stopped.
    """
    argo = config.argo
    again: tuple[int, ...]
    if action is Action.EXECUTE:
        retries, again = step.retries, RETRIED[action]
        deadline = step.deadline or config.deadline
    else:
        retries, again = argo.rollback_retries, (*RETRIED[action], *_CUT_OFF)
        deadline = argo.rollback_deadline
    more = needs(config, [step], [action])
    return made(
        m.Template,
        name=f"{action.value}-{step.name}",
        container=_main(config, step.spec.name, ["step", step.name, action.value], parameters, more),
        volumes=[m.Volume(**volume) for volume in more.volumes] or None,
        retry_strategy=_retries(config, retries, again),
        active_deadline_seconds=math.ceil(deadline) + SPARE if deadline else None,
    )


def report(config: Config, plan: Plan, parameters: Mapping[str, m.Parameter]) -> m.Template:
    """Give the template that ends the run and says how; its exit code is the run's, whatever that is."""
    argo = config.argo
    return made(
        m.Template,
        name=REPORT,
        container=_main(config, plan.steps[-1].spec.name, ["report", "--status", "{{workflow.status}}"], parameters),
        retry_strategy=_retries(config, argo.rollback_retries, _CUT_OFF),
        active_deadline_seconds=math.ceil(argo.rollback_deadline),
    )


def _main(
    config: Config, step: str, words: Sequence[str], parameters: Mapping[str, m.Parameter], more: Needs | None = None
) -> m.Container:
    more = more or Needs()
    settings = [
        word for path, p in parameters.items() for word in ("--set", f"{path}={{{{workflow.parameters.{p.name}}}}}")
    ]
    run = ["--run", "{{workflow.uid}}", "--workflow", "{{workflow.name}}"]
    return made(
        m.Container,
        image=image_of(config, step),
        args=[*words, *run, "--config", f"/config/{CONFIG}", *settings],
        env=[m.EnvVar(**each) for each in more.env] or None,
        volume_mounts=[m.VolumeMount(**each) for each in more.mounts] or None,
    )


def _retries(config: Config, limit: int, codes: Collection[int]) -> m.RetryStrategy | None:
    if not limit:
        return None
    wait = config.argo.backoff
    return made(
        m.RetryStrategy,
        limit=str(limit),
        retry_policy="Always",
        expression=f"asInt(lastRetry.exitCode) in [{', '.join(str(int(code)) for code in codes)}]",
        backoff=made(m.Backoff, duration=f"{wait.first:g}s", factor="2", cap=f"{wait.most:g}s"),
    )
