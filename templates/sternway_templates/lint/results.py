"""Rules about steps and tasks that a tag names (Argo, workflow/validate/validate.go: validateSteps, validateDAG)."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .depends import ancestors
from .findings import Flaw
from .model import Workflow
from .nodes import child, named
from .references import undefined
from .tags import Tag, tags
from .templates import Call, Template


def undefined_step(workflow: Workflow) -> Iterator[Flaw]:
    """Find steps and tasks that do not exist, or have not run by then; Argo waits for them for ever."""
    for template in workflow.templates.values():
        if any("{{" in name for name in template.by_name):
            continue
        root = {"steps": "steps", "dag": "tasks"}.get(template.type, "")
        for call in template.calls:
            ahead = _before(call, template)
            # An inline template may have steps of its own, and reads those around it too.
            if call.inline is None or not call.inline.calls:
                for tag in tags(call.node, skip=("hooks",)):
                    yield from _unknown_steps(tag, root, ahead, template, call.name)
            for tag in tags(child(call.node, "hooks")):  # a hook may read what its own step gave
                yield from _unknown_steps(tag, root, template.by_name, template, call.name)
        outside = tags(child(template.node, "outputs")) if template.calls else tags(template.node, skip=("metrics",))
        for tag in outside:
            yield from _unknown_steps(tag, root, template.by_name, template, template.name)


def _before(call: Call, template: Template) -> set[str]:
    if template.type == "dag":
        return set(ancestors(call, template))
    return {step.name for step in template.calls if step.group < call.group}


def _unknown_steps(tag: Tag, root: str, defined: Collection[str], template: Template, reader: str) -> Iterator[Flaw]:
    for variable in tag.variables:
        if tag.guarded or len(variable.parts) < 2 or variable.parts[0] not in ("steps", "tasks"):
            continue
        name = variable.parts[1]
        if name == "name" or (variable.parts[0] == root and name in defined):
            continue
        if variable.parts[0] != root:
            kind = template.type or "template"
            message = f"{reader} reads {variable}, but {template.name} is of {kind}, which has none"
            yield Flaw(tag.node, message, "hand it over as an argument", tag.whole)
        elif name in template.by_name:
            what = "a group before" if root == "steps" else "`depends`"
            message = f"{reader} reads {variable}, but {name} has not run by then, so Argo waits for ever"
            yield Flaw(tag.node, message, f"put {name} into {what}", tag.whole)
        else:
            yield undefined(tag, f"{template.name} has no {root[:-1]} {name!r}", name, defined)


def undefined_output(workflow: Workflow) -> Iterator[Flaw]:
    """Find outputs that the template of the step or task does not have."""
    for template in workflow.all_templates:
        for tag in tags(template.node, skip=("inline",)):
            for variable in tag.variables:
                if tag.guarded or len(variable.parts) < 5 or variable.parts[0] not in ("steps", "tasks"):
                    continue
                _, name, outputs, what, output = variable.parts[:5]
                called = workflow.called(template.by_name[name]) if name in template.by_name else None
                if called is None or outputs != "outputs" or what not in ("parameters", "artifacts"):
                    continue
                defined = {*called.outputs(what), *named(child(workflow.defaults, "outputs", what))}
                if output not in defined:
                    yield undefined(tag, f"{called.name} of {name} has no output {output!r} in {what}", output, defined)
