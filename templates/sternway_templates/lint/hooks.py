"""Rules about hooks, which Argo checks only when it runs them (workflow/controller/exit_handler.go and hooks.go)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sternway_steps.yamltree.document import Node

from .arguments import missing_from
from .findings import Flaw
from .model import Workflow
from .nodes import child, named, text, word
from .outputs import ROOT, has_default, may_have_failed
from .tags import Tag, Variable, tags
from .templates import Call, Template, hooks_of

_ONLY_AFTER_SUCCESS = re.compile(r"""==\s*['"]Succeeded['"]""")


def reads_outputs(workflow: Workflow) -> Iterator[Flaw]:
    """Find hooks that read outputs of a step that may have failed, or of a workflow that may have."""
    for template in workflow.all_templates:
        if template.type not in ROOT:
            continue
        for call in template.calls:
            for name, hook in hooks_of(call.node):
                if not _only_after_success(hook):
                    yield from _of_steps(f"the hook {name} of {call.name}", hook, call, template, workflow)
    for name, hook in hooks_of(workflow.spec):
        if name != "exit" and not _only_after_success(hook):  # that one is an exit handler
            yield from _of_workflow(name, hook, workflow)


def _only_after_success(hook: Node) -> bool:
    expression = word(hook, "expression")
    return bool(_ONLY_AFTER_SUCCESS.search(expression)) and "||" not in expression


def _of_steps(what: str, hook: Node, call: Call, template: Template, workflow: Workflow) -> Iterator[Flaw]:
    optional = Call(what, hook).optional
    for tag, variable in _read(child(hook, "arguments")):
        if id(tag.node) in optional:
            continue
        failed = _failed(variable, call, template)
        if failed is not None and not has_default(variable, failed, workflow):
            yield _flaw(tag, f"{what} reads {tag.whole}, and runs also when {failed.name} has failed")


def _failed(variable: Variable, call: Call, template: Template) -> Call | None:
    """Return the step whose output a hook reads, if that may have failed by then: the hook's own, or one before."""
    own = variable.starts(ROOT[template.type], call.name, "outputs")
    if own or (len(variable.parts) > 2 and variable.parts[2] == "outputs"):
        if variable.parts[3:4] not in (("parameters",), ("artifacts",)):
            return None  # the exit code, and what a script prints, are there also when it failed
        return call if own else may_have_failed(variable, call, template)
    return None


def _of_workflow(name: str, hook: Node, workflow: Workflow) -> Iterator[Flaw]:
    call = Call(f"the hook {name}", hook)
    parts = [child(hook, "arguments"), *(template.node for template in workflow.run_by(call))]
    for part in parts:
        for tag, variable in _read(part):
            if variable.starts("workflow", "outputs"):
                yield _flaw(tag, f"the hook {name} reads {tag.whole}, which is not there when the way forward failed")


def _read(node: Node | None) -> Iterator[tuple[Tag, Variable]]:
    """Yield what is read without a default."""
    for tag in tags(node):
        for variable in tag.variables if not tag.guarded else ():
            yield tag, variable


def _flaw(tag: Tag, message: str) -> Flaw:
    message = f"{message}: what it gets then is empty or the tag itself, and an artifact is an error"
    remedy = "give the output valueFrom.default, make an artifact optional, or let an expression ask for Succeeded"
    return Flaw(tag.node, message, remedy, tag.whole)


def missing_arguments(workflow: Workflow) -> Iterator[Flaw]:
    """Find inputs of exit handlers and of hooks that have no default and that nobody gives."""
    for what, node, place, given in _handlers(workflow):
        called = workflow.templates.get(text(node)) if node is not None else None
        for kind, name in missing_from(called, given, workflow) if called is not None else ():
            yield Flaw(place, f"{what} gives {text(node)} no {kind[:-1]} {name!r}, which has no default", _REMEDY)


_REMEDY = "add it to the hook's arguments (onExit has those of the workflow), or give it a default"


def _handlers(workflow: Workflow) -> Iterator[tuple[str, Node | None, Node, Node | None]]:
    """Yield each handler whose arguments are all known: what it is, its template, where it stands, what it gets.

    An exit hook without arguments gets those of the workflow, which whoever submits a WorkflowTemplate may add to.
    """
    holders = [("", workflow.spec)]
    holders += [(f" of {call.name}", call.node) for template in workflow.all_templates for call in template.calls]
    of_workflow = child(workflow.spec, "arguments")
    for whose, holder in holders:
        on_exit = child(holder, "onExit")
        if on_exit is not None and workflow.submitted:
            yield f"onExit{whose}", on_exit, on_exit, of_workflow
        for name, hook in hooks_of(holder):
            own = child(hook, "arguments")
            empty = not named(child(own, "parameters")) and not named(child(own, "artifacts"))
            if child(hook, "template") is None or (
                name == "exit" and (on_exit is not None or (empty and not workflow.submitted))
            ):
                continue
            given = of_workflow if name == "exit" and empty else own
            yield f"the hook {name}{whose}", child(hook, "template"), hook, given
