"""What `sternway lint` writes: the findings of the files that it was given, or the rules."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection

import click
from sternway_steps.exits import Exit
from sternway_steps.plural import count
from sternway_steps.yamltree.errors import ConfigErrors

from .catalogue import RULES
from .check import check, workflows
from .documents import read
from .findings import Severity
from .formats import explained, format_error, format_rule, formatted


def show_rules(form: str, names: Collection[str] = ()) -> None:
    """Write each rule of the catalogue in a line, or those of some names whole; `form` is text, json or github."""
    for each in RULES:
        if not names:
            click.echo(format_rule(each, form))
        elif each.id in names:
            click.echo(explained(each, form))


def show_findings(files: tuple[str, ...], form: str, ignore: Collection[str], strict: bool) -> int:
    """Write each finding in a line, and return the exit code: REFUSED when there are errors, DONE otherwise.

    Args:
        files: names of files and folders; - is standard input.
        form: text, json or github.
        ignore: ids of rules that are switched off.
        strict: warnings count as errors.

    Raises: ConfigErrors when a file could not be read.

    """
    documents = read(files, sys.stdin.buffer.read() if "-" in files else b"")
    findings = check(documents, ignore)
    for finding in findings:
        click.echo(formatted(finding, form))
    for error in documents.broken:
        if line := format_error(error, form):
            click.echo(line)
    if documents.broken:
        raise ConfigErrors(documents.broken)
    found = Counter(finding.severity for finding in findings)
    errors, warnings, seen = found[Severity.ERROR], found[Severity.WARNING], len(list(workflows(documents)))
    where = f"{count(seen, 'workflow')} of {count(len(documents.lines), 'file')}"
    click.echo(f"{count(errors, 'error')}, {count(warnings, 'warning')} in {where}", err=True)
    if findings and form == "text":
        click.echo(
            f"why: sternway lint --explain {' --explain '.join(dict.fromkeys(each.rule for each in findings))}",
            err=True,
        )
    return Exit.REFUSED if errors or (strict and warnings) else Exit.DONE
