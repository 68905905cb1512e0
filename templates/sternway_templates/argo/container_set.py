"""Steps that share a pod: a containerSet, each its own image and container, which waits for the group before it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hera.workflows import models as m
from sternway_steps.config import Config
from sternway_steps.saga.container_names import container_names, rollback_names
from sternway_steps.saga.plan import Plan, PlannedStep
from sternway_steps.spec import Effects
from sternway_steps.step import Action

from ..kubernetes.build_pod import PodParts, pod_parts
from ..kubernetes.journal_key import key_parts
from ..kubernetes.pod import SPARE
from .container import ENDED, PERSISTENT, Parameters, base, in_process, report_container, step_container
from .models import new
from .pods import SharedPod

MAIN = "main"
_IDLE = {"cpu": "1m", "memory": "20Mi"}
"""What a container asks for that waits for its turn (15 to 17 MB were seen); Kubernetes adds up all of a pod."""


_POD = new(
    m.EnvVar,
    name="POD_NAME",
    value_from=new(m.EnvVarSource, field_ref=new(m.ObjectFieldSelector, field_path="metadata.name")),
)
"""What a step needs to look at its own pod: a pendingTimeout deletes containers that work, too, so none changes
anything before all of the pod's have started."""


def forward_set(config: Config, plan: Plan, name: str, pod: SharedPod, parameters: Parameters) -> m.Template:
    """Return the template of steps that execute; one that is cut off is undone, so its pod is not made again."""
    deadlines = [max((step.deadline or math.inf) for step in group) for group in pod.groups]
    whole = config.deadline or sum(deadlines)
    return new(
        m.Template,
        **_set(config, name, _members(config, plan, pod, Action.EXECUTE, parameters)),
        active_deadline_seconds=math.ceil(whole) + SPARE if math.isfinite(whole) else None,
    )


def back_set(config: Config, plan: Plan, name: str, pod: SharedPod, parameters: Parameters, end: bool) -> m.Template:
    """Return the template of steps that roll back; at the `end` of a round the report follows in `main`."""
    members = list(_members(config, plan, pod, Action.ROLLBACK, parameters))
    if end:
        names = _names(plan, Action.ROLLBACK)
        last = [names[step.name] for step in pod.groups[-1]]
        members.append((MAIN, report_container(config, plan, parameters), last, False, PodParts()))
    times = len(pod.groups) + (1 if end else 0)
    return new(
        m.Template,
        **_set(config, name, members),
        inputs=new(m.Inputs, parameters=[new(m.Parameter, name=PERSISTENT, value="false")]) if end else None,
        outputs=ENDED if end else None,
        # No retryStrategy: Argo looks once more at a node that has one, which costs a requeue; the second round is it.
        active_deadline_seconds=_undo_seconds(config) * times + math.ceil(plan.seconds_at_end if end else 0),
    )


_Member = tuple[str, dict[str, Any], list[str], bool, PodParts]
"""A container's name, its fields, the names of those that it waits for, whether it carries the requests, what else."""


def _members(config: Config, plan: Plan, pod: SharedPod, action: Action, parameters: Parameters) -> Iterator[_Member]:
    names = _names(plan, action)
    widest = max(pod.groups, key=len)
    changes = next((g for g in pod.groups if any(s.spec.effects is not Effects.NONE for s in g)), None)
    before: list[str] = []
    for group in pod.groups:
        for step in group:
            parts = pod_parts(config, [step], [action])
            beside = [names[other.name] for other in group if other is not step]
            words = _alone(config, step, action, beside)
            waits = action is Action.EXECUTE and group is changes
            if waits:
                words += ["--all-start-within", f"{math.ceil(config.argo.start_deadline)}s"]
            fields = step_container(config, step, action, parameters, parts, words)
            if waits:
                fields["env"] = [_POD, *(fields["env"] or [])]
            yield names[step.name], fields, before, group is widest, parts
        before = [names[step.name] for step in group]


def _names(plan: Plan, action: Action) -> Mapping[str, str]:
    """Return the container of each step's action."""
    return (container_names if action is Action.EXECUTE else rollback_names)(step.name for step in plan.steps)


def _alone(config: Config, step: PlannedStep, action: Action, beside: Sequence[str]) -> list[str]:
    """Return what a step does itself that Argo does for one in its own pod: retries, a deadline, the end of a group."""
    argo, forward = config.argo, action is Action.EXECUTE
    again = in_process(config, step.retries if forward else argo.rollback_retries)
    if not forward:
        return [*again, "--within", f"{_undo_seconds(config)}s"]
    return [*again, *(word for name in beside for word in ("--beside", name))]


def _undo_seconds(config: Config) -> int:
    """Return how long one rollback may take, as in a pod of its own: its process ends what hangs by itself before."""
    return math.ceil(config.argo.rollback_deadline) + SPARE


def _set(config: Config, name: str, members: Iterator[_Member] | Sequence[_Member]) -> dict[str, Any]:
    volumes = [new(m.Volume, name="tmp", empty_dir=new(m.EmptyDirVolumeSource))]
    containers = []
    for container, fields, before, carries, parts in members:
        shared = base(config, None if carries else _idle(config))
        tmp = new(m.VolumeMount, name="tmp", mount_path="/tmp", sub_path=container)  # noqa: S108  a volume of the pod's
        known = _added(volumes, parts)
        mounts = [m.VolumeMount(**{**mount, "name": known[mount["name"]]}) for mount in parts.mounts]
        env = [*shared.pop("env"), *(fields.pop("env") or [])]
        fields.pop("volume_mounts")
        containers.append(
            new(
                m.ContainerNode, name=container, dependencies=list(before) or None, env=env,
                volume_mounts=[tmp, *mounts], **shared, **fields,
            )
        )  # fmt: skip
    key = [m.VolumeMount(**each) for each in key_parts(config).mounts]
    config_mount = new(m.VolumeMount, name="config", mount_path="/config", read_only=True)
    found = new(m.ContainerSetTemplate, containers=containers, volume_mounts=[config_mount, *key])
    return {"name": name, "container_set": found, "volumes": volumes}


def _added(volumes: list[m.Volume], parts: PodParts) -> Mapping[str, str]:
    """Add what a step needs to the pod's volumes, and return the names there: two builds may have two credentials."""
    known = {}
    for wanted in parts.volumes:
        number = len(volumes)
        volume = m.Volume(**{**wanted, "name": f"{wanted['name']}-{number}"})
        volumes.append(volume)
        known[wanted["name"]] = volume.name
    return known


def _idle(config: Config) -> dict[str, str]:
    keys = {key for part in config.argo.resources.values() for key in part}
    return {key: _IDLE.get(key, "0") for key in sorted(keys)}
