"""Rules about the structure of a workflow: what Argo can't read, and fields that it refuses or drops."""

from __future__ import annotations

from collections.abc import Iterator

from sternway_steps.yamltree.document import Node

from .findings import Flaw
from .model import Workflow
from .nodes import child, fields, items, key_location
from .templates import LEAVES

_TYPES = ("steps", "dag", *LEAVES)


def wrong_shape(workflow: Workflow) -> Iterator[Flaw]:
    """Find what is no list where Argo expects one."""
    if not fields(workflow.spec):
        where = "spec.workflowSpec" if workflow.kind == "CronWorkflow" else "spec"
        yield Flaw(workflow.node, f"the {workflow.kind} has no {where}", f"write {where} as a mapping")
        return
    for node, what in _lists(workflow):
        if node is not None and not isinstance(node.value, list):
            yield Flaw(node, f"{what} is no list, so Argo can't read the object", "write it as a list: - name: …")
    for template in workflow.all_templates:
        for group in items(child(template.node, "steps")):
            if not isinstance(group.value, list):
                message = f"a group of steps in {template.name} is no list, so Argo can't read the object"
                yield Flaw(group, message, "write each group as a list in the list: - - name: …")


def _lists(workflow: Workflow) -> Iterator[tuple[Node | None, str]]:
    yield child(workflow.spec, "templates"), "templates"
    yield child(workflow.spec, "arguments", "parameters"), "arguments.parameters"
    for template in workflow.all_templates:
        for path in (("steps",), ("dag", "tasks"), ("inputs", "parameters"), ("outputs", "parameters")):
            yield child(template.node, *path), f"{'.'.join(path)} of {template.name}"
        for call in template.calls:
            yield child(call.node, "arguments", "parameters"), f"arguments.parameters of {call.name}"


def template_type(workflow: Workflow) -> Iterator[Flaw]:
    """Find templates that are of no type, or of two."""
    for template in workflow.all_templates:
        types = [key for key in _TYPES if key in fields(template.node)]
        if len(types) > 1 or (not types and workflow.defaults is None):
            message = f"{template.name} is {' and '.join(types) or 'of no type'}, so Argo refuses it"
            yield Flaw(template.node, message, "give it one of " + ", ".join(_TYPES))


def removed_field(workflow: Workflow) -> Iterator[Flaw]:
    """Find fields that Argo 4 no longer has: it drops them silently, or refuses the object."""
    holders = [child(workflow.spec, "synchronization"), child(workflow.defaults, "synchronization")]
    holders += [child(template.node, "synchronization") for template in workflow.all_templates]
    for node in holders:
        for old, new in (("mutex", "mutexes"), ("semaphore", "semaphores")):
            if old in fields(node):
                yield _removed(node, old, f"{new}: [{{…}}]")
    for node in [workflow.spec, *(template.node for template in workflow.all_templates)]:
        if "podPriority" in fields(node):
            yield _removed(node, "podPriority", "podPriorityClassName")
    if workflow.kind == "CronWorkflow" and "schedule" in fields(child(workflow.node, "spec")):
        yield _removed(child(workflow.node, "spec"), "schedule", 'schedules: ["…"]')


def _removed(node: Node | None, old: str, new: str) -> Flaw:
    return Flaw(key_location(node, old), f"Argo 4 has no {old}, so it does nothing", f"write {new}")


def templates_with_ref(workflow: Workflow) -> Iterator[Flaw]:
    """Find templates of a Workflow that runs a WorkflowTemplate."""
    if workflow.ref is not None and items(child(workflow.spec, "templates")):
        message = "Argo refuses a Workflow that runs a WorkflowTemplate and has templates of its own"
        yield Flaw(key_location(workflow.spec, "templates"), message, "move them into the WorkflowTemplate")


def deadline_on_steps(workflow: Workflow) -> Iterator[Flaw]:
    """Find deadlines on templates that can't have one."""
    for template in workflow.all_templates:
        if template.type in ("steps", "dag") and child(template.node, "activeDeadlineSeconds") is not None:
            message = f"Argo refuses activeDeadlineSeconds on {template.name}, which is of {template.type}"
            location = key_location(template.node, "activeDeadlineSeconds")
            yield Flaw(location, message, "set it on the templates that it runs, or for the whole workflow in spec")
