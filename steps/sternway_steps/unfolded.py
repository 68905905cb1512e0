"""How much a document of YAML is once its aliases are unfolded, without unfolding them."""

from __future__ import annotations

import math
from typing import Any


def unfolded(root: Any) -> float:
    """Return how many values a composed node has, those behind an alias each time; infinite where it holds itself."""
    return _values(root, {}) if root is not None else 0


def _values(node: Any, known: dict[int, float]) -> float:
    if isinstance(node.value, str):
        return 1
    if id(node) not in known:
        known[id(node)] = math.inf  # until all below it is counted
        below = (part for item in node.value for part in (item if isinstance(item, tuple) else (item,)))
        known[id(node)] = 1 + sum(_values(part, known) for part in below)
    return known[id(node)]
