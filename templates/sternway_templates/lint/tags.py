"""Argo's tags: {{a.b.c}} and {{= an expression }}, and the variables that they name.

The grammar is that of Argo's docs/variables.md; a tag ends at the first }}, as in the library that Argo uses.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from sternway_steps.yamltree.document import Node

from .nodes import scalars, text

_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_KEY = r"""\[\s*(?:'[^']+'|"[^"]+")\s*\]"""
# A string first, so that words inside one are not taken for variables.
_IN_EXPRESSION = re.compile(
    rf"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|(?<![\w.\])])(?P<path>(?:inputs|steps|tasks|workflow|item)\b"""
    rf"""(?:\s*\??\.\s*[A-Za-z_]\w*|\s*(?:\?\.)?{_KEY})*)""",
    re.DOTALL,
)
_PART = re.compile(rf"""[A-Za-z_]\w*|{_KEY}""")


@dataclass(frozen=True)
class Variable:
    """A variable by its parts: ("steps", "make", "outputs", "result")."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.parts)

    def starts(self, *parts: str) -> bool:
        """Return whether it begins with these parts."""
        return self.parts[: len(parts)] == parts and len(self.parts) > len(parts)


@dataclass(frozen=True)
class Tag:
    """A tag in a scalar. `inner` is what stands between the braces."""

    node: Node
    inner: str

    @property
    def whole(self) -> str:
        """The tag as it was written."""
        return "{{" + self.inner + "}}"

    @property
    def expression(self) -> bool:
        """Whether it is an expression."""
        return self.inner.startswith("=")

    @property
    def guarded(self) -> bool:
        """Whether it is an expression with a default for missing values."""
        return self.expression and guarded(self.inner)

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """The variables that it names; none for a tag that contains another one, whose name is unknown yet."""
        if "{{" in self.inner:
            return ()
        if self.expression:
            return tuple(variables(self.inner[1:]))
        return (Variable(tuple(self.inner.strip().split("."))),)


def guarded(expression: str) -> bool:
    """Return whether an expression has `??` or `?.`."""
    return "??" in expression or "?." in expression


def variables(expression: str) -> Iterator[Variable]:
    """Yield the variables in an expression."""
    for found in _IN_EXPRESSION.finditer(expression):
        if path := found.group("path"):
            yield Variable(tuple(part.strip("[] \n\t").strip("'\"") for part in _PART.findall(path)))


def tags_in(node: Node | None) -> Iterator[Tag]:
    """Yield the tags of one scalar."""
    for found in _TAG.finditer(text(node)):
        if node is not None:
            yield Tag(node, found.group(1))


def tags(node: Node | None, skip: Collection[str] = ()) -> Iterator[Tag]:
    """Yield the tags below a node; what stands under a key in `skip` is passed over."""
    for scalar in scalars(node, skip):
        yield from tags_in(scalar)
