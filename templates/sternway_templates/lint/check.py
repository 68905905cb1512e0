"""Applies every rule to every workflow."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sternway_steps.yamltree.errors import SourceLocation

from .catalogue import RULES
from .documents import Documents, ignored_rules
from .findings import Finding, Flaw
from .model import KINDS, Workflow
from .nodes import word

_GROUP = "argoproj.io/"


def workflows(documents: Documents) -> Iterator[Workflow]:
    """Yield the workflows among the objects; other objects are only looked up by rules."""
    for node in documents.objects:
        if word(node, "kind") in KINDS and word(node, "apiVersion").startswith(_GROUP):
            yield Workflow(word(node, "kind"), node, documents.objects)


def check(documents: Documents, ignore: Collection[str] = ()) -> list[Finding]:
    """Return the findings ordered by location, each once, without those of rules that are switched off."""
    seen: dict[Finding, None] = {}
    for workflow in workflows(documents):
        for rule in RULES:
            flaws = list(rule.check(workflow)) if rule.id not in ignore else []
            for flaw in flaws:
                location = _exact(flaw, documents)
                if rule.id not in ignored_rules(location, documents.lines.get(location.source, [])):
                    severity = flaw.severity or rule.severity
                    seen[Finding(location, rule.id, severity, flaw.message, flaw.remedy)] = None
            if flaws and rule.final:
                break
    return sorted(seen, key=lambda f: (f.location.source, f.location.line, f.location.column))


def _exact(flaw: Flaw, documents: Documents) -> SourceLocation:
    """Return the location of the text that a flaw is about; the text's first line where YAML folded it."""
    location, node = flaw.location, flaw.node
    if not flaw.text or isinstance(node, SourceLocation):
        return location
    # A block begins in the line after its sign.
    own = documents.lines.get(location.source, [])[location.line - 1 : location.line + node.text.count("\n") + 1]
    for number, line in enumerate(own):
        if (column := line.find(flaw.text, 0 if number else location.column - 1)) >= 0:
            return SourceLocation(location.source, location.line + number, column + 1)
    return location
