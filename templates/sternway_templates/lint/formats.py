"""The formats of findings: text, JSON, and workflow commands of GitHub."""

from __future__ import annotations

import json

from sternway_steps.cli.extension import github_command
from sternway_steps.yamltree.errors import ConfigError

from .findings import Finding, Rule, page_of

SCHEMA = 1


def as_text(finding: Finding) -> str:
    """Return a finding as a line, as compilers write it."""
    said = f"{finding.message}; {finding.remedy} ({page_of(finding.rule)})"
    return f"{finding.location}: {finding.severity.value} {finding.rule}: {said}"


def as_json(finding: Finding) -> str:
    """Return a finding as one JSON object in a line."""
    location = finding.location
    location_data = {"file": location.source, "line": location.line, "column": location.column, "rule": finding.rule}
    rest = {
        "severity": finding.severity.value,
        "message": finding.message,
        "remedy": finding.remedy,
        "page": page_of(finding.rule),
    }
    return json.dumps({"schema": SCHEMA, "type": "finding", **location_data, **rest}, ensure_ascii=False)


def as_github(finding: Finding) -> str:
    """Return a finding as a workflow command (GitHub, "Workflow commands for GitHub Actions")."""
    location = finding.location
    return github_command(
        finding.severity.value,
        f"{finding.message}; {finding.remedy} ({page_of(finding.rule)})",
        file=location.source,
        line=location.line,
        col=location.column,
        title=finding.rule,
    )


def formatted(finding: Finding, form: str) -> str:
    """Return a finding in a format: text, json or github."""
    return as_json(finding) if form == "json" else as_github(finding) if form == "github" else as_text(finding)


def format_error(error: ConfigError, form: str) -> str:
    """Return what could not be read, for programs; people read it on standard error."""
    location = error.location
    if form == "json":
        where = {"file": location.source, "line": location.line, "column": location.column}
        return json.dumps({"schema": SCHEMA, "type": "error", **where, "message": str(error)}, ensure_ascii=False)
    if form != "github":
        return ""
    return github_command(
        "error", str(error), file=location.source, line=location.line, col=location.column, title="broken-input"
    )


def format_rule(rule: Rule, form: str) -> str:
    """Return a rule of the catalogue as a line."""
    if form == "json":
        said = {"finds": rule.finds, "why": rule.why, "source": rule.source}
        about = {"id": rule.id, "severity": rule.severity.value, **said, "page": page_of(rule.id)}
        return json.dumps({"schema": SCHEMA, "type": "rule", **about}, ensure_ascii=False)
    return f"{rule.id:<30} {rule.severity.value:<8} {rule.why} ({rule.source})"


def explained(rule: Rule, form: str) -> str:
    """Return all that is known of a rule, as its page has it."""
    if form == "json":
        return format_rule(rule, form)
    lines = (f"{rule.id} ({rule.severity.value})", rule.finds, f"Why: {rule.why}", f"Source: {rule.source}")
    return "\n  ".join([*lines, f"Page: {page_of(rule.id)}"])
