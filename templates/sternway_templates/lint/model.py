"""Argo's workflows, as far as rules need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sternway_steps.yamltree.document import Node

from .nodes import child, fields, named, text, true, word
from .templates import Call, Template

KINDS = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")


@dataclass(frozen=True)
class Workflow:
    """A Workflow, or what becomes one; `others` are all objects of the same input."""

    kind: str
    node: Node
    others: Sequence[Node] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """The name of the object."""
        return word(self.node, "metadata", "name")

    @property
    def namespace(self) -> str:
        """The namespace of the object, "" when it has none written."""
        return word(self.node, "metadata", "namespace")

    @property
    def submitted(self) -> bool:
        """Whether it runs as it stands, and is not a template that others extend."""
        return self.kind in ("Workflow", "CronWorkflow") and self.ref is None

    @cached_property
    def spec(self) -> Node | None:
        """The workflow's spec; that of a CronWorkflow is `workflowSpec`."""
        return child(self.node, "spec", "workflowSpec") if self.kind == "CronWorkflow" else child(self.node, "spec")

    @property
    def ref(self) -> Node | None:
        """The reference to the WorkflowTemplate that it runs."""
        return child(self.spec, "workflowTemplateRef")

    @cached_property
    def referred(self) -> Workflow | None:
        """The WorkflowTemplate that it runs, if that is in the same input."""
        kind = "ClusterWorkflowTemplate" if true(self.ref, "clusterScope") else "WorkflowTemplate"
        return self.other(kind, word(self.ref, "name")) if self.ref is not None else None

    def other(self, kind: str, name: str) -> Workflow | None:
        """Return another object of the same input, or None."""
        return next(
            (
                matching
                for node in self.others
                if word(node, "kind") == kind
                for matching in [Workflow(kind, node, self.others)]
                if matching.name == name
                and not (self.namespace and matching.namespace and self.namespace != matching.namespace)
            ),
            None,
        )

    @cached_property
    def templates(self) -> Mapping[str, Template]:
        """The templates by name."""
        return {name: Template(name, node) for name, node in named(child(self.spec, "templates")).items()}

    @cached_property
    def all_templates(self) -> tuple[Template, ...]:
        """The templates, and those that stand inline in their steps and tasks."""
        own = tuple(self.templates.values())
        return own + tuple(call.inline for template in own for call in template.calls if call.inline is not None)

    @property
    def defaults(self) -> Node | None:
        """The templateDefaults."""
        return child(self.spec, "templateDefaults")

    def setting(self, template: Template, *path: str) -> Node | None:
        """Return a template's setting, or the one in templateDefaults."""
        return child(template.node, *path) or child(self.defaults, *path)

    @property
    def entry(self) -> Template | None:
        """The template that the workflow starts with, if it is in this object."""
        return self.templates.get(word(self.spec, "entrypoint"))

    @cached_property
    def handler(self) -> Call | None:
        """The exit handler; `onExit` precedes the hook of that name (Argo: WorkflowSpec.GetExitHook)."""
        if (name := child(self.spec, "onExit")) is not None and text(name):
            return Call("onExit", Node({"template": fields(self.spec)["onExit"]}, name.location))
        hook = child(self.spec, "hooks", "exit")
        return Call("hooks.exit", hook) if hook is not None else None

    @cached_property
    def handling(self) -> tuple[Template, ...]:
        """The templates that the exit handler runs."""
        return tuple(self._below(self.handler, after_failure=False))

    @cached_property
    def handling_failure(self) -> tuple[Template, ...]:
        """The templates that the exit handler runs when the way forward has failed."""
        return tuple(self._below(self.handler, after_failure=True))

    def run_by(self, call: Call) -> tuple[Template, ...]:
        """Return the templates that a call runs, with all below them."""
        return tuple(self._below(call, after_failure=False))

    def called(self, call: Call) -> Template | None:
        """Return the template that a call runs, if it is in this object."""
        return call.inline or self.templates.get(call.template)

    def _below(self, start: Call | None, *, after_failure: bool) -> Iterator[Template]:
        waiting = [start] if start is not None else []
        seen: set[int] = set()
        while waiting:
            call = waiting.pop()
            template = self.called(call)
            if template is None or id(template.node) in seen or (after_failure and call.only_on_success):
                continue
            seen.add(id(template.node))
            yield template
            waiting += reversed(template.calls)
