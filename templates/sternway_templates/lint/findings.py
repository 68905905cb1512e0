"""The types of rules and of what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from sternway_steps.explained.entry import REFERENCE
from sternway_steps.yamltree.document import Node
from sternway_steps.yamltree.errors import SourceLocation

from .model import Workflow


class Severity(Enum):
    """An error happens for certain; a warning under circumstances that its rule's `why` names."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Flaw:
    """What a rule found: where, what, and what to do.

    `text` is what to search for from there on, for an exact location in a long text. `severity` is set only where this
    flaw is milder than its rule.
    """

    node: Node | SourceLocation
    message: str
    remedy: str
    text: str = ""
    severity: Severity | None = None

    @property
    def location(self) -> SourceLocation:
        """Where it is."""
        return self.node if isinstance(self.node, SourceLocation) else self.node.location


Check = Callable[[Workflow], Iterator[Flaw]]


@dataclass(frozen=True)
class Rule:
    """A rule: `id` never changes, `why` is one line, `source` is where the fact was read (Argo paths are at v4.1.2)."""

    id: str
    severity: Severity
    why: str
    source: str
    check: Check
    final: bool = False
    """What this rule finds makes the object unreadable: no other rule can judge it."""

    @property
    def finds(self) -> str:
        """What it finds, in plain sentences: the first paragraph of the check's own words."""
        return " ".join((self.check.__doc__ or "").strip().split("\n\n")[0].split())


def page_of(rule: str) -> str:
    """Return where the documentation has a rule, with an example."""
    return f"{REFERENCE}/lint/{rule}.md"


@dataclass(frozen=True)
class Finding:
    """A flaw with its rule, ready to be shown."""

    location: SourceLocation
    rule: str
    severity: Severity
    message: str
    remedy: str
