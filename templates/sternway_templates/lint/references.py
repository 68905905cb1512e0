"""Rules about variables that nothing sets (Argo, docs/variables.md and workflow/validate/validate.go)."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from .findings import Flaw
from .model import Workflow
from .nodes import child, fields, items, named, scalars, text, word
from .tags import Tag, Variable, tags
from .templates import Call, Template

# Argo, docs/variables.md, "Global" and "Exit Handler".
_GLOBAL = (
    "name", "namespace", "mainEntrypoint", "serviceAccountName", "uid", "parameters", "outputs", "annotations",
    "labels", "creationTimestamp", "priority", "duration", "scheduledTime", "status", "failures",
)  # fmt: skip


def undefined_input(workflow: Workflow) -> Iterator[Flaw]:
    """Find inputs that the template does not have."""
    for template in workflow.templates.values():
        yield from _undefined_inputs(template, {}, workflow)
        for call in template.calls:
            if call.inline is not None:
                yield from _undefined_inputs(call.inline, _inputs(template), workflow)


def _inputs(template: Template) -> dict[str, Collection[str]]:
    return {what: template.inputs(what) for what in ("parameters", "artifacts")}


def _undefined_inputs(template: Template, outer: dict[str, Collection[str]], workflow: Workflow) -> Iterator[Flaw]:
    inherited = Template("", workflow.defaults) if workflow.defaults is not None else None
    for tag in tags(template.node, skip=("inline",)):
        for variable in tag.variables:
            if tag.guarded or len(variable.parts) < 3 or variable.parts[0] != "inputs":
                continue
            what, name = variable.parts[1:3]
            defined = {*template.inputs(what), *outer.get(what, ()), *(inherited.inputs(what) if inherited else ())}
            if what in ("parameters", "artifacts") and name not in defined:
                yield undefined(tag, f"{template.name} has no input {name!r}", name, defined)


def undefined_global(workflow: Workflow) -> Iterator[Flaw]:
    """Find global variables that Argo does not have, and parameters and outputs that nothing sets."""
    given = named(child(workflow.spec, "arguments", "parameters"))
    outputs = {
        what: {text(child(o, "globalName")) for t in workflow.all_templates for o in t.outputs(what).values()}
        for what in ("parameters", "artifacts")
    }
    called_elsewhere = any(call.ref is not None for t in workflow.all_templates for call in t.calls)
    for tag, variable in _variables(workflow, "workflow"):
        first, rest = variable.parts[1], variable.parts[2:]
        if first not in _GLOBAL:
            yield undefined(tag, f"Argo has no variable workflow.{first}", first, _GLOBAL)
        elif first == "failures" and workflow.submitted and not word(workflow.spec, "onExit"):
            message = f"{tag.whole} is there only in spec.onExit"
            yield Flaw(tag.node, message, "name the exit handler in spec.onExit", tag.whole)
        elif first == "parameters" and rest and rest != ("json",) and rest[0] not in given:
            # Whoever runs a WorkflowTemplate may add parameters, so only a name that is nearly right is wrong there.
            if workflow.submitted or difflib.get_close_matches(rest[0], given, n=1, cutoff=0.8):
                yield undefined(tag, f"the workflow has no parameter {rest[0]!r}", rest[0], given)
        elif first == "outputs" and len(rest) > 1 and workflow.submitted and not called_elsewhere:
            defined = outputs.get(rest[0], set())
            if rest[1] not in defined and not any("{{" in name for name in defined):
                yield undefined(tag, f"no template has an output with globalName {rest[1]!r}", rest[1], defined - {""})


def _variables(workflow: Workflow, root: str) -> Iterator[tuple[Tag, Variable]]:
    for template in workflow.templates.values():
        for tag in tags(template.node):
            for variable in tag.variables:
                if len(variable.parts) > 1 and variable.parts[0] == root and not tag.guarded:
                    yield tag, variable


def undefined_item(workflow: Workflow) -> Iterator[Flaw]:
    """Find items where there is no loop, and fields that no item has."""
    for template in workflow.templates.values():  # an inline one reads the items of the step around it
        for call in template.calls:
            defined = _item_fields(call)
            # A script that stands in the call may hold tags of another program.
            for tag in tags(call.node, skip=("inline", "hooks")):
                for variable in tag.variables:
                    if tag.guarded or variable.parts[0] != "item":
                        continue
                    if not call.loops:
                        message = f"{call.name} reads {tag.whole}, but has no loop"
                        yield Flaw(tag.node, message, "give it withItems, withParam or withSequence", tag.whole)
                    elif defined is not None and len(variable.parts) > 1 and variable.parts[1] not in defined:
                        yield undefined(
                            tag, f"no item of {call.name} has {variable.parts[1]!r}", variable.parts[1], defined
                        )


def _item_fields(call: Call) -> set[str] | None:
    """Return the fields of all items, or None when they are known only at run time."""
    listed = child(call.node, "withItems")
    if listed is None or any("{{" in text(scalar) for scalar in scalars(listed)):
        return None
    return {key for item in items(listed) for key in (*fields(item), *(f"[{n}]" for n in range(len(items(item)))))}


def undefined(tag: Tag, message: str, name: str, defined: Collection[str]) -> Flaw:
    """Return the flaw that a name is not defined, with the nearest one that is."""
    near = difflib.get_close_matches(name, defined, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(defined)) or 'none'}"
    return Flaw(tag.node, f"{tag.whole}: {message}", remedy, tag.whole)
