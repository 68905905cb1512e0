"""Argo's templates, and what calls them: steps, tasks and hooks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from sternway_steps.yamltree.document import Node

from .nodes import child, fields, items, named, text, true, word

LEAVES = ("container", "script", "containerSet", "resource", "data", "http", "plugin", "suspend")
_ONLY_ON_SUCCESS = re.compile(r"""\{\{\s*workflow\.status\s*\}\}["']?\s*==\s*["']?Succeeded\b""")
# Of `depends`: a && (b.Succeeded || b.Failed) (Argo, docs/enhanced-depends-logic.md).
_OPERAND = re.compile(r"([A-Za-z0-9][-A-Za-z0-9]*)(?:\.([A-Za-z]+))?")


@dataclass(frozen=True)
class Call:
    """A step, a task, or a hook: something that runs a template."""

    name: str
    node: Node
    group: int = 0

    @property
    def template(self) -> str:
        """The name of the template, "" when it is a reference or inline."""
        return word(self.node, "template")

    @property
    def ref(self) -> Node | None:
        """The reference to a template of another object."""
        return child(self.node, "templateRef")

    @cached_property
    def inline(self) -> Template | None:
        """The template that stands in the call itself."""
        found = child(self.node, "inline")
        return Template(f"inline template of {self.name}", found) if found is not None else None

    @property
    def when(self) -> str:
        """Its condition."""
        return word(self.node, "when")

    @property
    def only_on_success(self) -> bool:
        """Whether it runs only after a way forward that succeeded, so that all of its outputs exist."""
        return bool(_ONLY_ON_SUCCESS.search(self.when)) and "||" not in self.when and "!(" not in self.when

    @property
    def goes_on(self) -> bool:
        """Whether what follows runs although this failed (`continueOn`)."""
        return true(self.node, "continueOn", "failed") or true(self.node, "continueOn", "error")

    @cached_property
    def optional(self) -> frozenset[int]:
        """The ids of the nodes that name artifacts which may be missing."""
        artifacts = items(child(self.node, "arguments", "artifacts"))
        return frozenset(id(child(artifact, "from")) for artifact in artifacts if true(artifact, "optional"))

    @cached_property
    def dependencies(self) -> tuple[tuple[str, str, Node], ...]:
        """Each task that this one waits for, the result that it asks for ("" for none), and where that stands."""
        listed = [(text(item), "", item) for item in items(child(self.node, "dependencies")) if "{{" not in text(item)]
        depends = child(self.node, "depends")
        if depends is None or "{{" in text(depends):
            return tuple(listed)
        return (*listed, *((task, result, depends) for task, result in _OPERAND.findall(text(depends))))

    @property
    def loops(self) -> bool:
        """Whether it runs once for each item of a list."""
        return any(child(self.node, key) is not None for key in ("withItems", "withParam", "withSequence"))


def hooks_of(holder: Node | None) -> list[tuple[str, Node]]:
    """Return the hooks of a workflow's spec, or of a step or task, by their names."""
    return [(name, entry.node) for name, entry in fields(child(holder, "hooks")).items() if fields(entry.node)]


@dataclass(frozen=True)
class Template:
    """A template."""

    name: str
    node: Node

    @cached_property
    def type(self) -> str:
        """The kind of template: the key that says so, "" when there is none."""
        return next((key for key in ("steps", "dag", *LEAVES) if child(self.node, key) is not None), "")

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Its steps or tasks."""
        groups = [items(group) for group in items(child(self.node, "steps"))] or [
            items(child(self.node, "dag", "tasks"))
        ]
        return tuple(
            Call(word(call, "name"), call, number)
            for number, group in enumerate(groups)
            for call in group
            if fields(call)
        )

    @cached_property
    def by_name(self) -> dict[str, Call]:
        """Its steps or tasks by name."""
        return {call.name: call for call in self.calls}

    def inputs(self, what: str) -> dict[str, Node]:
        """Return its inputs by name; `what` is parameters or artifacts."""
        return named(child(self.node, "inputs", what))

    def outputs(self, what: str) -> dict[str, Node]:
        """Return its outputs by name; `what` is parameters or artifacts."""
        return named(child(self.node, "outputs", what))
