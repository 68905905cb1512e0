"""Rules about whether an exit handler that runs completes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .findings import Flaw
from .model import Workflow
from .nodes import child, key_location, true
from .tags import Variable, tags
from .templates import Call, Template

_IS_FAILED = re.compile(r"""\{\{\s*workflow\.status\s*\}\}["']?\s*==\s*["']?Failed\b""")
_PODS = ("container", "script", "containerSet")


def stops_early(workflow: Workflow) -> Iterator[Flaw]:
    """Find steps of the handler whose failure keeps the steps after them from running."""
    for template in workflow.handling_failure:
        if template.type != "steps":
            continue
        last = max((call.group for call in template.calls), default=0)
        for call in template.calls:
            both = true(call.node, "continueOn", "failed") and true(call.node, "continueOn", "error")
            if call.group == last or both or call.only_on_success or _needed(call, template):
                continue
            message = (
                f"when {call.name} fails, the exit handler ends: the groups after its own in {template.name} never run"
            )
            location = key_location(call.node, "continueOn" if child(call.node, "continueOn") is not None else "name")
            yield Flaw(
                location, message, "give it continueOn: {failed: true, error: true}; let the last step judge by status"
            )


def _needed(call: Call, template: Template) -> bool:
    """Return whether a later step reads this one's outputs, so that it can't go on without it."""
    return any(
        variable.starts("steps", call.name, "outputs")
        for later in template.calls
        if later.group > call.group
        for tag in tags(later.node)
        for variable in tag.variables
    )


def is_dag(workflow: Workflow) -> Iterator[Flaw]:
    """Find DAGs in the handler."""
    for template in workflow.handling_failure:
        if template.type == "dag":
            message = (
                f"the exit handler runs the DAG {template.name}: a task that fails in its middle does not show, and "
                "before Argo 4.1.0, 4.0.8 and 3.7.17 a stopped workflow failed it at once"
            )
            yield Flaw(
                key_location(template.node, "dag"), message, "write it as `steps`, in reverse order of the way forward"
            )


def gating(workflow: Workflow) -> Iterator[Flaw]:
    """Find conditions that skip an undo that is needed."""
    for template in workflow.handling_failure:
        knows_error = any("Error" in call.when for call in template.calls)
        for call in template.calls:
            node = child(call.node, "when")
            if node is None:
                continue
            if _IS_FAILED.search(call.when) and not knows_error:
                message = f"{call.name} is left out when the workflow ends in Error: a pod deleted, a node lost"
                yield Flaw(node, message, 'write when: "{{workflow.status}} != Succeeded"')
            if any(str(variable) == "workflow.failures" for tag in tags(node) for variable in tag.variables):
                message = (
                    f"{call.name} depends on the text of workflow.failures, whose messages can break the condition"
                )
                yield Flaw(
                    node, message, 'write when: "{{workflow.status}} != Succeeded", and let the container decide'
                )


def retries(workflow: Workflow) -> Iterator[Flaw]:
    """Find retries that the undo relies on.

    A retry with an expression is accepted: its author has said which failures are worth another pod.
    """
    for template in workflow.handling_failure:
        strategy = child(template.node, "retryStrategy")
        if strategy is not None and child(strategy, "expression") is None:
            message = f"after `argo stop`, or a deadline of the workflow, Argo does not try {template.name} again"
            remedy = "try again inside the container; let an expression name the exit codes that are worth another pod"
            yield Flaw(key_location(template.node, "retryStrategy"), message, remedy)


def deadline(workflow: Workflow) -> Iterator[Flaw]:
    """Find pods of the handler that may hang for ever."""
    for template in workflow.handling_failure:
        waits = child(template.node, "resource", "successCondition") is not None
        if template.type not in _PODS and not waits:
            continue
        if all(workflow.setting(template, key) is None for key in ("activeDeadlineSeconds", "timeout")):
            message = (
                f"{template.name} of the exit handler has no deadline, and that of the workflow does not hold for it"
            )
            yield Flaw(key_location(template.node, template.type), message, "set activeDeadlineSeconds on the template")


def reads_outputs(workflow: Workflow) -> Iterator[Flaw]:
    """Find parts of the handler that need outputs of the workflow's steps."""
    for template in workflow.handling_failure:
        safe = {id(call.node) for call in template.calls if call.only_on_success}
        optional = {node for call in template.calls for node in call.optional}
        parts = [call.node for call in template.calls if id(call.node) not in safe]
        rest = [
            t for key in template.node.value if key not in ("steps", "dag") for t in tags(child(template.node, key))
        ]
        for tag in [*rest, *(tag for part in parts for tag in tags(part))]:
            for variable in tag.variables:
                if variable.starts("workflow", "outputs") and not tag.guarded and id(tag.node) not in optional:
                    message = (
                        f"the exit handler reads {tag.whole}, which is not there when the way forward failed before it:"
                        " the tag itself reaches the container, and a condition or an artifact with it is an error"
                    )
                    yield Flaw(tag.node, message, _instead(variable), tag.whole)


def _instead(variable: Variable) -> str:
    remedy = "keep it where the undo can read it"
    if variable.parts[2:3] != ("parameters",) or len(variable.parts) < 4:
        return remedy
    return f"{remedy}, or write {{{{=workflow.outputs?.parameters?.['{variable.parts[3]}'] ?? 'none'}}}}"
