"""Which images a pipeline needs that only its configuration can name: those of steps of other packages."""

from __future__ import annotations

from collections.abc import Callable

from sternway_steps.builtin import builtin_steps
from sternway_steps.config import Config
from sternway_steps.saga.plan import Plan
from sternway_steps.yamltree.reader import nearest

from .images import RUN, image_of

Report = Callable[[str, str, str, str], None]
"""Takes the key whose location is named, the field, the message and a hint."""


def check_images(config: Config, kind: str, plan: Plan, report: Report) -> None:
    """Report each image that is named for nothing, and each that is missing; `kind` is what starts the pipeline."""
    used = {step.spec.name for step in plan.all_steps}
    for name in config.argo.images:
        if plan.steps and name not in {*used, RUN}:
            report("argo", f"argo.images.{name}", "no step of this pipeline uses it", nearest(name, {*used, RUN}))
    others = sorted(used - set(builtin_steps()))
    if kind == "CronJob":
        _check_one_image(config, others, report)
    else:
        _check_each(config, others, report)
        _check_sweeper(config, others, report)
        _check_report(config, [name for name in others if any(step.spec.name == name for step in plan.on_end)], report)


def sweeper_image(config: Config, plan: Plan) -> str:
    """Return the image that can undo all steps: that of all steps, or the one in which those of others come."""
    others = sorted({step.spec.name for step in plan.all_steps} - set(builtin_steps()))
    images = _named(config, others)
    return images[0] if len(images) == 1 and RUN not in config.argo.images else image_of(config, RUN)


def _check_one_image(config: Config, others: list[str], report: Report) -> None:
    if others and RUN not in config.argo.images and _ours(config):
        message = f"{', '.join(others)} of other packages: the image that runs all steps has to hold them too"
        report("argo", f"argo.images.{RUN}", message, f"argo: {{images: {{{RUN}: IMAGE}}}}")


def _check_each(config: Config, others: list[str], report: Report) -> None:
    for name in (name for name in others if name not in config.argo.images and _ours(config)):
        message = f"the step {name} comes from another package, so its image is another one too"
        report("argo", f"argo.images.{name}", message, f"argo: {{images: {{{name}: IMAGE}}}}")


def _check_sweeper(config: Config, others: list[str], report: Report) -> None:
    """Report steps that come in several images: one pod undoes what a Workflow leaves, in the order of the plan."""
    sweeps = config.argo.sweep or config.argo.undo_on_terminate
    if not sweeps or RUN in config.argo.images or len(_named(config, others)) < 2:
        return
    message = (
        f"{', '.join(name for name in others if name in config.argo.images)} come in several images, "
        "and what is left of a Workflow that is terminated or deleted is undone by one pod"
    )
    hint = f"images: {{{RUN}: IMAGE}} with an image that holds all of them, or sweep: false and undoOnTerminate: false"
    report("argo", f"argo.images.{RUN}", message, hint)


def _check_report(config: Config, others: list[str], report: Report) -> None:
    """Report steps for the run's end (`on:`) that come in several images: the pod that reports runs all of them."""
    if RUN not in config.argo.images and len(_named(config, others)) > 1:
        message = f"{', '.join(others)} run in one pod when the run has ended, and come in several images"
        hint = f"images: {{{RUN}: IMAGE}} with an image that holds all of them"
        report("argo", f"argo.images.{RUN}", message, hint)


def _named(config: Config, steps: list[str]) -> list[str]:
    """Return the images that the configuration names for steps, each once."""
    return list(dict.fromkeys(image_of(config, name) for name in steps if name in config.argo.images))


def _ours(config: Config) -> bool:
    """Tell whether images are called by Sternway's own version, which says nothing of what another package comes in."""
    return "{version}" in config.argo.image
