"""Rules about the arguments of templates (Argo, workflow/common/util.go, ProcessArgs)."""

from __future__ import annotations

from collections.abc import Iterator

from sternway_steps.yamltree.document import Node

from .findings import Flaw
from .model import Workflow
from .nodes import child, fields, key_location, named, true
from .templates import Template

# Argo, ArtifactLocation: an input with one of these is fetched without an argument.
_LOCATIONS = ("s3", "git", "http", "artifactory", "hdfs", "raw", "oss", "gcs", "azure", "plugin")


def missing(workflow: Workflow) -> Iterator[Flaw]:
    """Find inputs that have no default and get no argument."""
    for template in workflow.all_templates:
        for call in template.calls:
            called = workflow.called(call)
            if called is not None and call.ref is None:
                location = "arguments" if child(call.node, "arguments") is not None else "name"
                for what, name in missing_from(called, child(call.node, "arguments"), workflow):
                    message = f"{call.name} gives {called.name} no {what[:-1]} {name!r}, which has no default"
                    yield Flaw(
                        key_location(call.node, location), message, f"add it to arguments.{what}, or give it a default"
                    )
    entry = workflow.entry
    if workflow.submitted and entry is not None:
        for what, name in missing_from(entry, child(workflow.spec, "arguments"), workflow):
            message = f"the entry {entry.name} gets no {what[:-1]} {name!r}, which has no default"
            yield Flaw(key_location(workflow.spec, "entrypoint"), message, f"add it to spec.arguments.{what}")


def missing_from(called: Template, given: Node | None, workflow: Workflow) -> Iterator[tuple[str, str]]:
    """Yield each input of a template that has no value: what it is, parameters or artifacts, and its name."""
    for name, parameter in called.inputs("parameters").items():
        own = {*fields(parameter), *fields(_default(workflow, "parameters", name))}
        if name not in named(child(given, "parameters")) and not own & {"value", "default", "valueFrom"}:
            yield "parameters", name
    for name, artifact in called.inputs("artifacts").items():
        own = {*fields(artifact), *fields(_default(workflow, "artifacts", name))}
        if name not in named(child(given, "artifacts")) and not true(artifact, "optional") and not own & {*_LOCATIONS}:
            yield "artifacts", name


def _default(workflow: Workflow, what: str, name: str) -> Node | None:
    return named(child(workflow.defaults, "inputs", what)).get(name)
