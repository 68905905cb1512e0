"""Rules about outputs that may never exist."""

from __future__ import annotations

from collections.abc import Iterator

from .depends import ancestors, starts_after_failure
from .findings import Flaw
from .model import Workflow
from .nodes import child, fields
from .tags import Tag, Variable, tags
from .templates import Call, Template

ROOT = {"steps": "steps", "dag": "tasks"}
"""How the variables of a template's steps or tasks begin, by its kind."""


def of_what_may_fail(workflow: Workflow) -> Iterator[Flaw]:
    """Find uses of outputs of a step or task that may have failed: Argo asks for them again for ever."""
    for template in workflow.all_templates:
        if template.type not in ROOT:
            continue
        for call in template.calls:
            for tag in tags(call.node, skip=("hooks",)):
                if tag.guarded or id(tag.node) in call.optional:
                    continue
                for variable in tag.variables:
                    failed = may_have_failed(variable, call, template)
                    if failed is not None and not has_default(variable, failed, workflow):
                        yield _flaw(tag, call, failed)


def _flaw(tag: Tag, call: Call, failed: Call) -> Flaw:
    message = (
        f"{call.name} reads {tag.whole}, and runs also when {failed.name} has failed: an output that then is missing "
        "keeps the workflow waiting for ever, an artifact fails it"
    )
    remedy = f"give it a default, make an artifact optional, or run {call.name} only when {failed.name} has Succeeded"
    return Flaw(tag.node, message, remedy, tag.whole)


def may_have_failed(variable: Variable, call: Call, template: Template) -> Call | None:
    """Return the step or task before this one whose output a variable names, if this one runs although it failed."""
    root = ROOT[template.type]
    if len(variable.parts) < 4 or variable.parts[0] != root or variable.parts[2] != "outputs":
        return None
    name = variable.parts[1]
    if f"{root}.{name}.status" in call.when and "Succeeded" in call.when:
        return None
    if template.type == "dag":
        before = ancestors(call, template).get(name)
        return before if before is not None and starts_after_failure(call, name, template) else None
    return next(
        (step for step in template.calls if step.name == name and step.goes_on and step.group < call.group), None
    )


def has_default(variable: Variable, failed: Call, workflow: Workflow) -> bool:
    """Return whether the output that a variable names has a default."""
    producer = workflow.called(failed)
    if producer is None or variable.parts[3] != "parameters" or len(variable.parts) < 5:
        return False
    output = producer.outputs("parameters").get(variable.parts[4])
    return output is not None and "default" in fields(child(output, "valueFrom"))
