"""What the form alone makes of a document: its keys and values, and not what they mean together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sternway_steps.config.form import form_of
from sternway_steps.registry.load import READERS
from sternway_steps.yamltree.document import Node
from sternway_steps.yamltree.reader import Reader

BEYOND = ("is out of range", "has an operator", "begins with", "is no regular", "is no path", "compares nothing", "no time zone", "has no state", "leaves the Service", "is no revision", "out of the repository")  # fmt: skip
"""What the form says of values that no schema can refuse: a sum of times, the words of an expression, a list of zones."""


def refusals(root: Node) -> list[str]:
    """Give what the form says of a document, and the steps of their options."""
    reader = Reader()
    reader.read(root, form_of(READERS), "")
    sections = {each.step: each.options for each in READERS if each.options is not None}
    for step in _steps(root):
        uses = step.get("uses", step.get("name"))
        options = sections.get(uses.node.value) if uses is not None and isinstance(uses.node.value, str) else None
        if options is not None and "with" in step:
            reader.read(step["with"].node, options, "with")
    return [str(error) for error in reader.errors]


def _steps(root: Node) -> Iterator[dict[str, Any]]:
    entry = root.value.get("steps") if isinstance(root.value, dict) else None
    items = entry.node.value if entry is not None and isinstance(entry.node.value, list) else []
    for item in items:
        yield from (
            below.value
            for below in (item.value if isinstance(item.value, list) else [item])
            if isinstance(below.value, dict)
        )
