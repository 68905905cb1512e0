"""A document as a tree of nodes, each with its location in the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .errors import SourceLocation


@dataclass
class Node:
    """A value and its location.

    `value` is a dict of Entry, a list of Node, or a scalar as YAML 1.1 reads it. `text` is what was written for a
    scalar; `plain` (YAML's word) says that it had no quotes, so that YAML chose its type. `removed` holds the keys of a
    base file that an overlay removed: where it says so, and where they stand.
    """

    value: Any
    location: SourceLocation
    text: str = ""
    plain: bool = False
    removed: dict[str, tuple[SourceLocation, SourceLocation]] | None = None
    begun: SourceLocation | None = None
    """Of a mapping of several files: where it stands in the lowest of them."""

    def data(self) -> Any:
        """Return the value without locations."""
        if isinstance(self.value, dict):
            return {key: entry.node.data() for key, entry in self.value.items()}
        if isinstance(self.value, list):
            return [node.data() for node in self.value]
        return self.value

    def location_of_missing(self, key: str) -> tuple[SourceLocation, str]:
        """Return the location to name when this mapping lacks a key, and a hint if an overlay removed it."""
        if self.removed and key in self.removed:
            by, there = self.removed[key]
            return by, f"{key} stands at {there} and is removed at {by}"
        return self.location, ""


@dataclass
class Entry:
    """A key of a mapping, with its value."""

    location: SourceLocation
    node: Node = field(default_factory=lambda: Node(None, SourceLocation("")))
