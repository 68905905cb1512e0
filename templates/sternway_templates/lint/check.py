"""From objects to findings: every rule over every workflow."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sternway_steps.yamltree.errors import Place

from .catalogue import RULES
from .documents import Input, ignored
from .findings import Finding, Flaw
from .model import KINDS, Workflow
from .nodes import word

_GROUP = "argoproj.io/"


def workflows(found: Input) -> Iterator[Workflow]:
    """Give what Argo runs; other objects are only looked at beside it."""
    for node in found.objects:
        if word(node, "kind") in KINDS and word(node, "apiVersion").startswith(_GROUP):
            yield Workflow(word(node, "kind"), node, found.objects)


def check(found: Input, ignore: Collection[str] = ()) -> list[Finding]:
    """Give the findings in the order of their places, each once, without those of rules that are switched off."""
    seen: dict[Finding, None] = {}
    for workflow in workflows(found):
        for rule in RULES:
            flaws = list(rule.check(workflow)) if rule.id not in ignore else []
            for flaw in flaws:
                place = _exact(flaw, found)
                if rule.id not in ignored(place, found.lines.get(place.source, [])):
                    severity = flaw.severity or rule.severity
                    seen[Finding(place, rule.id, severity, flaw.message, flaw.remedy)] = None
            if flaws and rule.final:
                break
    return sorted(seen, key=lambda f: (f.place.source, f.place.line, f.place.column))


def _exact(flaw: Flaw, found: Input) -> Place:
    """Find the line of what a flaw is about in a text of many lines; where YAML folded it, the text's first line."""
    place, node = flaw.place, flaw.node
    if not flaw.text or isinstance(node, Place):
        return place
    # A block begins in the line after its sign.
    own = found.lines.get(place.source, [])[place.line - 1 : place.line + node.text.count("\n") + 1]
    for number, line in enumerate(own):
        if (column := line.find(flaw.text, 0 if number else place.column - 1)) >= 0:
            return Place(place.source, place.line + number, column + 1)
    return place
