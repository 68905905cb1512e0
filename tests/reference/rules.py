"""The rules of `sternway lint`, each with what it finds in a workflow that breaks it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from sternway_templates.lint.catalogue import RULES
from sternway_templates.lint.check import check
from sternway_templates.lint.documents import read
from sternway_templates.lint.findings import Rule

from tests.unit.lint.test_catalogue import BAD

from .text import table


def overview() -> str:
    """Return a table of all rules."""
    return table(
        ("rule", "severity", "why"),
        ((f"[{each.id}](lint/{each.id}.md)", each.severity.value, each.why) for each in RULES),
    )


def pages() -> dict[str, str]:
    """Return a page for each rule by its file's name: what it finds, why, where that was read, and an example."""
    return {f"{rule.id}.md": _page(rule) for rule in RULES}


def _page(rule: Rule) -> str:
    passed = f"A comment `# sternway-lint: ignore={rule.id}` on the line, or the option `--ignore {rule.id}`, switches this rule off."
    facts = f"Severity: {rule.severity.value}. Source: {rule.source}."
    inside = [f"{rule.finds} {rule.why}", facts, *_example(rule), passed, "[All rules](../lint.md)"]
    begin, end = "<!-- rule: made by python -m tests.reference -->", "<!-- end of rule -->"
    return "\n\n".join([f"# {rule.id}", begin, *inside, end]) + "\n"


def _example(rule: Rule) -> Iterator[str]:
    """Give the first case of the tests: the lines that break the rule, and what is said of them."""
    case = next((case for case in BAD if case[0] == rule.id), None)
    if case is None:
        return
    _, document, there, bad, _ = case
    broken = document.replace(there, bad, 1)
    finding = next(each for each in check(read(["-"], broken.encode())) if each.rule == rule.id)
    lines = list(difflib.unified_diff(document.splitlines(), broken.splitlines(), lineterm="", n=1))[3:]
    yield "```diff\n" + "\n".join(line for line in lines if not line.startswith("@@")) + "\n```"
    yield f"> {finding.message}; {finding.remedy}"
