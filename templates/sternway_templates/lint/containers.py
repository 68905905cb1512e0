"""Rules about what runs in the pods."""

from __future__ import annotations

from collections.abc import Iterator

from sternway_steps.yamltree.document import Entry, Node
from sternway_steps.yamltree.errors import ConfigErrors, SourceLocation
from sternway_steps.yamltree.parser import parse

from .findings import Flaw
from .model import Workflow
from .nodes import child, fields, items, settings, text, word
from .templates import Template

_SWITCHES = ("privileged", "allowPrivilegeEscalation", "hostNetwork", "hostPID", "hostIPC")
# What Kubernetes' restricted Pod Security Standard lets a container add.
_HARMLESS = {"NET_BIND_SERVICE"}
# Words and data of the user's own, where these keys mean something else.
_DATA = ("arguments", "withItems", "labels", "annotations", "manifest", "raw", "parameters")


def no_command(workflow: Workflow) -> Iterator[Flaw]:
    """Find containers whose command Argo's controller has to ask the registry for."""
    if child(workflow.spec, "podSpecPatch") is not None:
        return
    for template in workflow.all_templates:
        if child(template.node, "podSpecPatch") is not None:
            continue
        for node, what, inherited in _containers(template, workflow):
            if child(node, "image") is not None and not items(child(node, "command")) and inherited is None:
                message = (
                    f"{what} of {template.name} has no command: Argo's controller asks the registry what it starts"
                )
                remedy = "write command; without access to the registry the pod is never made"
                yield Flaw(node, message, remedy)


def _containers(template: Template, workflow: Workflow) -> Iterator[tuple[Node, str, Node | None]]:
    for key in ("container", "script"):
        node = child(template.node, key)
        if node is not None:
            yield node, f"the {key}", child(workflow.defaults, key, "command")
    for path in (("containerSet", "containers"), ("sidecars",)):
        for node in items(child(template.node, *path)):
            yield node, f"{word(node, 'name') or 'a container'}", None


def privileged(workflow: Workflow) -> Iterator[Flaw]:
    """Find rights over the node that a pod gets."""
    for key, entry in settings(workflow.spec, skip=_DATA):
        yield from _privilege(key, entry, entry.location)
        if key == "podSpecPatch":
            for inner, found in settings(_patch(entry.node), skip=_DATA):
                yield from _privilege(inner, found, entry.location)


def _privilege(key: str, entry: Entry, location: SourceLocation) -> Iterator[Flaw]:
    value, added = entry.node.value, [text(item) for item in items(child(entry.node, "add"))]
    if key in _SWITCHES and value is True:
        yield Flaw(location, f"{key} is true: the pod has rights over its node", f"remove {key}")
    elif key == "runAsUser" and value == 0 and value is not False:
        yield Flaw(location, "the pod runs as root", "set a runAsUser over 0 and runAsNonRoot: true")
    elif key == "hostPath" and fields(entry.node):
        yield Flaw(location, f"the pod sees {word(entry.node, 'path')} of its node", "use a volume of its own")
    elif key == "capabilities" and (more := [word for word in added if word not in _HARMLESS]):
        yield Flaw(location, f"the pod adds the capabilities {', '.join(more)}", "drop ALL and add none")


def _patch(node: Node) -> Node | None:
    """Read the patch, if it can be read before its tags are filled in."""
    try:
        return parse(text(node), node.location.source)
    except ConfigErrors:
        return None
