"""Which steps share a pod on Argo, and which have one of their own. Pure.

A set of containers costs one pod, whatever the number of its steps; what only a whole pod can have parts it in two.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sternway_steps.config import Config
from sternway_steps.config.each_step import each_step
from sternway_steps.config.step_pod import own_pod_reason
from sternway_steps.saga.plan import PlannedStep

DEFAULT = "one"
"""What `argo.pods` is where the configuration does not say: a pod is what costs on Argo."""
Groups = Sequence[Sequence[PlannedStep]]


@dataclass(frozen=True)
class OwnPod:
    """A step that has a pod of its own."""

    step: PlannedStep


@dataclass(frozen=True)
class SharedPod:
    """The steps that share a pod: group after group, those of a group side by side."""

    groups: tuple[tuple[PlannedStep, ...], ...]


Row = tuple[OwnPod | SharedPod, ...]
"""Pods that run side by side."""


def own_pods(config: Config) -> dict[str, str]:
    """Return the steps that have a pod of their own, each with the reason."""
    steps = [step for step, _, _ in each_step(config.steps)]
    if (config.argo.pods or DEFAULT) == "each":
        return {step.name: "argo.pods: each" for step in steps}
    return {step.name: own_pod_reason(step.pod) for step in steps if step.pod is not None}


def rows(groups: Groups, own: Collection[str]) -> list[Row]:
    """Return the pods of a way, row after row; groups that follow each other share one unless something parts them."""
    found: list[Row] = []
    together: list[tuple[PlannedStep, ...]] = []

    def close() -> None:
        if together:
            found.append((SharedPod(tuple(together)),))
            together.clear()

    for group in groups:
        apart = tuple(step for step in group if step.name in own)
        rest = tuple(step for step in group if step.name not in own)
        if not apart:
            together.append(rest)
            continue
        close()
        found.append((*(OwnPod(step) for step in apart), *((SharedPod((rest,)),) if rest else ())))
    close()
    return found


def unique(name: str, taken: Collection[str]) -> str:
    """Return the name, numbered when it is taken."""
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(each for each in numbered if each not in taken)
