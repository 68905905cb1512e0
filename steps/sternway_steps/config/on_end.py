"""The steps that run when all is over: those with `on:`, taken out of the list that the run walks."""

from __future__ import annotations

from collections.abc import Sequence

from ..yamltree.document import Node
from ..yamltree.reader import Reader
from .each_step import each_step
from .schema import StepConfig

Steps = Sequence[StepConfig | tuple[StepConfig, ...]]


def check_on_end(steps: Steps, node: Node, reader: Reader) -> None:
    """Report what such a step can't be: side by side with others, or all that there is. `node` is the section's."""
    for step, where, field in each_step(steps, node):
        if step.on and field.count("[") > 1:
            hint = "write it as an item of its own, where you like"
            message = f"a step with on: {step.on} runs after everything else, so it can't stand in a group"
            reader.report(where.value["on"].location, f"{field}.on", message, hint=hint)
        if step.on and step.rollback_deadline is not None:
            location = where.value["rollbackDeadline"].location
            reader.report(
                location, f"{field}.rollbackDeadline", f"with on: {step.on} nothing undoes it", hint="remove it"
            )
        if step.on and step.pod is not None:
            message = f"a step with on: {step.on} runs in the report's pod on Argo"
            hint = "remove it; what argo says of pods is the report's too"
            reader.report(where.value["pod"].location, f"{field}.pod", message, hint=hint)
    if all(isinstance(item, StepConfig) and item.on for item in steps):
        hint = "name the steps of the run beside them, such as validate, deploy, verify"
        reader.report(node.location, "steps", "all of these run when the run has ended, and none before", hint=hint)


def without_on_end(steps: Steps) -> tuple[tuple[StepConfig | tuple[StepConfig, ...], ...], tuple[StepConfig, ...]]:
    """Return the steps of the run, and those for when it has ended."""
    ending = tuple(item for item in steps if isinstance(item, StepConfig) and item.on)
    return tuple(item for item in steps if item not in ending), ending
