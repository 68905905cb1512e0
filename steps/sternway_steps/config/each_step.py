"""Iterates over the steps of a configuration, whether they stand in groups or alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..yamltree.document import Node
from ..yamltree.errors import SourceLocation
from .schema import StepConfig

Steps = Sequence[StepConfig | tuple[StepConfig, ...]]


def each_step(steps: Steps, node: Node | None = None, field: str = "steps") -> Iterator[tuple[StepConfig, Node, str]]:
    """Yield each step, its node, and its field, such as steps[1][0].

    `node` is that of the section; without one (the default steps) the steps have no location.
    """
    nowhere = Node(None, SourceLocation(""))
    for number, item in enumerate(steps):
        below = node.value[number] if node is not None else nowhere
        if isinstance(item, tuple):
            yield from each_step(item, below if node is not None else None, f"{field}[{number}]")
        else:
            yield item, below, f"{field}[{number}]"


def each_changed(
    steps: Steps, change: Callable[[StepConfig], StepConfig]
) -> tuple[StepConfig | tuple[StepConfig, ...], ...]:
    """Return the steps, each changed by a function."""
    return tuple(tuple(map(change, item)) if isinstance(item, tuple) else change(item) for item in steps)
