"""Rules about names: those that lead nowhere, are duplicates, or are misspelt."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from sternway_steps.yamltree.document import Node

from .depends import RESULTS
from .findings import Flaw
from .model import Workflow
from .nodes import child, fields, items, text, word
from .templates import Call


def duplicate_name(workflow: Workflow) -> Iterator[Flaw]:
    """Find names that occur twice where Argo allows each once."""
    yield from _duplicates(items(child(workflow.spec, "templates")), "a template")
    for template in workflow.all_templates:
        yield from _duplicates([call.node for call in template.calls], f"a step or task of {template.name}")
        for what in ("inputs", "outputs"):
            for kind in ("parameters", "artifacts"):
                yield from _duplicates(items(child(template.node, what, kind)), f"one of the {what} of {template.name}")


def _duplicates(nodes: list[Node], what: str) -> Iterator[Flaw]:
    seen: dict[str, int] = {}
    for node in nodes:
        name = word(node, "name")
        if name and name in seen:
            message = f"{name} is the name of {what} twice, first in line {seen[name]}: Argo refuses it"
            yield Flaw(child(node, "name") or node, message, "give each a name of its own")
        seen.setdefault(name, node.location.line)


def mixed_depends(workflow: Workflow) -> Iterator[Flaw]:
    """Find what Argo does not accept together with `depends`."""
    for template in workflow.all_templates:
        if not any(child(call.node, "depends") is not None for call in template.calls):
            continue
        for call in template.calls:
            for key, instead in (("dependencies", "a && b"), ("continueOn", "a.Failed || a.Errored")):
                node = child(call.node, key)
                if node is not None:
                    message = f"Argo refuses {key} in {call.name}, because {template.name} uses depends"
                    yield Flaw(node, message, f"write depends: {instead}")


def hook_without_expression(workflow: Workflow) -> Iterator[Flaw]:
    """Find hooks that nothing triggers; only the one named exit needs no expression."""
    holders = [workflow.spec, *(call.node for template in workflow.all_templates for call in template.calls)]
    for holder in holders:
        for name, entry in fields(child(holder, "hooks")).items():
            if name != "exit" and not word(entry.node, "expression"):
                yield Flaw(entry.location, f"the hook {name} has no expression, so Argo refuses it", "add when it runs")


def unknown_template(workflow: Workflow) -> Iterator[Flaw]:
    """Find calls of templates that do not exist."""
    yield from _unknown_in_spec(workflow)
    if workflow.submitted and not word(workflow.spec, "entrypoint"):
        yield Flaw(workflow.node, f"the {workflow.kind} has no entrypoint", "name the template that it starts with")
    if workflow.ref is not None:
        return
    for template in workflow.all_templates:
        for call in template.calls:
            for node, what in _called(call):
                if text(node) not in workflow.templates:
                    yield _unknown(node, what, workflow.templates)


def _unknown_in_spec(workflow: Workflow) -> Iterator[Flaw]:
    holder = workflow if workflow.ref is None else workflow.referred
    if holder is None:
        return
    hooks = fields(child(workflow.spec, "hooks"))
    for node, what in (
        (child(workflow.spec, "entrypoint"), "entrypoint"),
        (child(workflow.spec, "onExit"), "onExit"),
        *((child(hook.node, "template"), f"the hook {name}") for name, hook in hooks.items()),
    ):
        if text(node) and "{{" not in text(node) and text(node) not in holder.templates:
            yield _unknown(node, what, holder.templates)


def _called(call: Call) -> Iterator[tuple[Node, str]]:
    hooks = fields(child(call.node, "hooks"))
    for node, what in (
        (child(call.node, "template"), call.name),
        (child(call.node, "onExit"), f"onExit of {call.name}"),
        *((child(hook.node, "template"), f"the hook {key} of {call.name}") for key, hook in hooks.items()),
    ):
        if node is not None and text(node) and "{{" not in text(node):
            yield node, what


def _unknown(node: Node | None, what: str, names: Collection[str]) -> Flaw:
    assert node is not None  # noqa: S101  its text was read
    near = difflib.get_close_matches(text(node), names, n=1)
    remedy = f"did you mean {near[0]}?" if near else "add the template, or name one of the same object"
    return Flaw(node, f"{what} names the template {text(node)!r}, which is not there", remedy)


def unknown_dependency(workflow: Workflow) -> Iterator[Flaw]:
    """Find dependencies on tasks that do not exist, and on results that no task has."""
    for template in workflow.all_templates:
        names = {call.name for call in template.calls}
        if template.type != "dag" or any("{{" in name for name in names):
            continue
        for call in template.calls:
            for task, result, node in call.dependencies:
                if task not in names:
                    near = difflib.get_close_matches(task, names, n=1)
                    remedy = f"did you mean {near[0]}?" if near else "name a task of the same template"
                    yield Flaw(node, f"{call.name} depends on the task {task!r}, which is not there", remedy)
                elif result and result not in RESULTS:
                    near = difflib.get_close_matches(result, RESULTS, n=1)
                    remedy = f"did you mean {near[0]}?" if near else "one of " + ", ".join(RESULTS)
                    yield Flaw(node, f"{call.name} asks for the result {result!r} of {task}, which no task has", remedy)
