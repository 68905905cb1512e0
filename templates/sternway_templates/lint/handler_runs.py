"""Rules about whether the exit handler runs at all."""

from __future__ import annotations

from collections.abc import Iterator

from sternway_steps.yamltree.document import Node

from .depends import AFTER_FAILURE
from .findings import Flaw
from .model import Workflow
from .nodes import child, fields, key_location, true, word
from .tags import Variable, guarded, tags_in, variables
from .templates import Call, Template


def by_template_ref(workflow: Workflow) -> Iterator[Flaw]:
    """Find parts of the exit handler that are in another object."""
    start = [workflow.handler] if workflow.handler is not None else []
    for call in [*start, *(call for template in workflow.handling for call in template.calls)]:
        if call.ref is not None:
            message = (
                f"the exit handler takes {call.name} from {word(call.ref, 'name') or 'another object'} when it runs: "
                "changed or deleted until then, the undo is another one, or none"
            )
            remedy = "put the template into the same object, and run that with workflowTemplateRef"
            yield Flaw(key_location(call.node, "templateRef"), message, remedy)


def not_inherited(workflow: Workflow) -> Iterator[Flaw]:
    """Find calls of a WorkflowTemplate's entry, whose exit handler does not come with it."""
    for template in workflow.all_templates:
        for call in template.calls:
            kind = "ClusterWorkflowTemplate" if true(call.ref, "clusterScope") else "WorkflowTemplate"
            other = workflow.other(kind, word(call.ref, "name")) if call.ref is not None else None
            if other is None or other.handler is None or other.name == workflow.name:
                continue
            if word(call.ref, "template") == word(other.spec, "entrypoint"):
                message = f"{call.name} runs the entry of {other.name} by templateRef: its exit handler will not run"
                remedy = "run it with workflowTemplateRef, or call its undo from the exit handler of this object"
                yield Flaw(key_location(call.node, "templateRef"), message, remedy)


def in_hooks(workflow: Workflow) -> Iterator[Flaw]:
    """Find exit handlers that stand in the hooks of the workflow."""
    hook = child(workflow.spec, "hooks", "exit")
    if hook is None:
        return
    message = "the exit handler is the hook exit, which Argo does not check before it runs it"
    if child(workflow.spec, "onExit") is not None:
        message = "the hook exit never runs, because onExit is set too"
    elif child(hook, "expression") is not None:
        message = "the hook exit runs always: Argo does not read the expression of a workflow's exit hook"
    remedy = "name the template in spec.onExit, and decide with `when` in its steps"
    yield Flaw(key_location(child(workflow.spec, "hooks"), "exit"), message, remedy)


def entry_is_a_pod(workflow: Workflow) -> Iterator[Flaw]:
    """Find entries whose pod's rejection ends the workflow without its handler."""
    entry = workflow.entry
    if workflow.handler is not None and entry is not None and entry.type in ("container", "script", "containerSet"):
        message = f"the entry {entry.name} is a pod: if the cluster rejects it, the exit handler does not run"
        yield Flaw(key_location(entry.node, entry.type), message, "make the entry a `steps` template that runs it")


def root_outputs(workflow: Workflow) -> Iterator[Flaw]:
    """Find outputs of the entry that are missing when a step was skipped, or failed and was ignored."""
    entry = workflow.entry
    if workflow.handler is None or entry is None or entry.type not in ("steps", "dag"):
        return
    calls = {call.name: call for call in entry.calls}
    for what in ("parameters", "artifacts"):
        for name, output in entry.outputs(what).items():
            for variable in _sources(output):
                call = calls.get(variable.parts[1]) if len(variable.parts) > 1 else None
                if call is not None and _may_be_missing(call, entry):
                    message = (
                        f"the entry's output {name} is missing when {call.name} is skipped or fails: Argo then ends "
                        "the workflow in Error without its exit handler"
                    )
                    yield Flaw(output, message, "give it valueFrom.default, or remove the output from the entry")


def _sources(output: Node) -> Iterator[Variable]:
    """Yield the variables that an output needs; none when it has a default."""
    if true(output, "optional") or "default" in fields(child(output, "valueFrom")):
        return
    for node in (child(output, "valueFrom", "parameter"), child(output, "from")):
        for tag in tags_in(node):
            yield from () if tag.guarded else tag.variables
    for expression in (word(output, "valueFrom", "expression"), word(output, "fromExpression")):
        yield from () if guarded(expression) else variables(expression)


def _may_be_missing(call: Call, entry: Template) -> bool:
    waited_for = [(result, task) for each in entry.calls for task, result, _ in each.dependencies]
    passed_over = any(task == call.name and result in AFTER_FAILURE for result, task in waited_for)
    return bool(call.when or child(call.node, "depends") or call.loops or call.goes_on or passed_over)
