"""Rules about containers that share a pod (containerSet)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from sternway_steps.yamltree.document import Node

from .findings import Flaw
from .model import Workflow
from .nodes import child, items, key_location, named, text, word
from .templates import Template

_MAIN = "main"
_TAKEN = ("init", "wait", "supervisor")
_EXIT_CODE = re.compile(r"lastRetry\.exitCode")


def _sets(workflow: Workflow) -> Iterator[tuple[Template, Mapping[str, Node]]]:
    for template in workflow.all_templates:
        if template.type == "containerSet":
            yield template, named(child(template.node, "containerSet", "containers"))


def dependencies(workflow: Workflow) -> Iterator[Flaw]:
    """Find containers that wait for one that is not there, or for themselves."""
    for template, containers in _sets(workflow):
        waits = {name: items(child(node, "dependencies")) for name, node in containers.items()}
        for name, listed in waits.items():
            for item in listed:
                if text(item) not in containers:
                    message = f"{name} waits for {text(item)}, which is no container of {template.name}"
                    yield Flaw(item, message, f"name one of {', '.join(each for each in containers if each != name)}")
                elif _reaches({key: [text(each) for each in found] for key, found in waits.items()}, text(item), name):
                    yield Flaw(item, f"{name} waits for {text(item)}, which waits for {name}", "remove one of the two")


def _reaches(waits: Mapping[str, Sequence[str]], start: str, end: str) -> bool:
    seen, left = set[str](), [start]
    while left:
        name = left.pop()
        if name == end:
            return True
        if name not in seen:
            seen.add(name)
            left += waits.get(name, ())
    return False


def names(workflow: Workflow) -> Iterator[Flaw]:
    """Find containers that have the name of one of Argo's, and outputs without the container that has them."""
    for template, containers in _sets(workflow):
        for name, node in containers.items():
            if name in _TAKEN:
                message = f"{name} is a container of Argo's own, so the pod of {template.name} is refused"
                yield Flaw(child(node, "name") or node, message, "give it another name")
        outputs = [*template.outputs("parameters").values(), *template.outputs("artifacts").values()]
        if _MAIN not in containers and outputs:
            message = f"the outputs of {template.name} are read from a container main, which it does not have"
            yield Flaw(key_location(template.node, "outputs"), message, "call the container that writes them main")


def exit_codes(workflow: Workflow) -> Iterator[Flaw]:
    """Find retries by an exit code that is never seen: Argo reads that of the container main."""
    for template, containers in _sets(workflow):
        expression = child(template.node, "retryStrategy", "expression")
        if expression is not None and _MAIN not in containers and _EXIT_CODE.search(text(expression)):
            message = f"lastRetry.exitCode is always -1 in {template.name}, which has no container main"
            yield Flaw(expression, message, "call the container that decides main, or retry inside the container")


def failing_undo(workflow: Workflow) -> Iterator[Flaw]:
    """Find handlers in one pod where the first container that fails keeps the rest from running."""
    handling = {id(template.node) for template in workflow.handling_failure}
    again = {name for template in workflow.handling_failure for name in _looked_back_at(template)}
    for template, containers in _sets(workflow):
        chained = any(items(child(node, "dependencies")) for node in containers.values())
        if id(template.node) in handling and chained and template.name not in again:
            message = (
                f"when one container of {template.name} fails or is killed, those that wait for it never run, "
                "and Argo ends the others"
            )
            remedy = "let each exit with 0 and tell a failure elsewhere; run it again in a second step if need be"
            yield Flaw(key_location(template.node, "containerSet"), message, remedy)


def _looked_back_at(template: Template) -> set[str]:
    """Return the templates of the calls before one that goes by how they went: what did not run is made up for."""
    calls = list(template.calls)
    last = max((number for number, call in enumerate(calls) if "steps" in call.when), default=0)
    return {call.template for call in calls[:last]}


def timeouts(workflow: Workflow) -> Iterator[Flaw]:
    """Find timeouts in the handler: when one passes, Argo ends the whole handler, whatever continueOn says."""
    for template in workflow.handling_failure:
        for key in ("timeout", "pendingTimeout"):
            if word(template.node, key):
                message = f"when {key} of {template.name} passes, Argo ends the exit handler: no step after it runs"
                yield Flaw(key_location(template.node, key), message, "set activeDeadlineSeconds on the template")
