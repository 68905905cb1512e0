"""The command `sternway lint`."""

from __future__ import annotations

import difflib
import sys
from collections import Counter

import click
from sternway_steps.exits import Exit
from sternway_steps.yamltree.errors import ConfigErrors

from .catalogue import RULES
from .check import check, workflows
from .documents import read
from .findings import Severity
from .formats import FORMS, broken, rule, shown


def _known(_context: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    ids = [each.id for each in RULES]
    for name in names:
        if name not in ids:
            near = difflib.get_close_matches(name, ids, n=1)
            raise click.BadParameter(f"there is no rule {name!r}" + (f"; did you mean {near[0]}?" if near else ""))
    return names


@click.command()
@click.argument("files", nargs=-1, metavar="FILE|DIR|-...")
@click.option("--output", "-o", "form", type=click.Choice(FORMS), default="text", show_default=True,
              help="For people, programs, or annotations in GitHub.")  # fmt: skip
@click.option("--ignore", multiple=True, callback=_known, metavar="RULE", help="Switch a rule off; may be repeated.")
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
@click.option("--rules", "catalogue", is_flag=True, help="List the rules, and why each of them is one.")
def lint(files: tuple[str, ...], form: str, ignore: tuple[str, ...], strict: bool, catalogue: bool) -> None:
    """Find in Argo YAML, ours or anybody's, what makes a workflow lose its undo. Needs no cluster.

    Example: sternway lint argo/ && kubectl apply -f argo/

    A comment in the file switches a rule off, on its line or at the top of the document: # sternway-lint: ignore=RULE
    """
    if catalogue:
        for each in RULES:
            click.echo(rule(each, form))
        return
    if not files:
        raise click.UsageError("name a file, a folder, or - for standard input")
    found = read(files, sys.stdin.buffer.read() if "-" in files else b"")
    findings = check(found, ignore)
    for finding in findings:
        click.echo(shown(finding, form))
    for error in found.broken:
        if line := broken(error, form):
            click.echo(line)
    if found.broken:
        raise ConfigErrors(found.broken)
    count = Counter(finding.severity for finding in findings)
    errors, warnings, seen = count[Severity.ERROR], count[Severity.WARNING], len(list(workflows(found)))
    click.echo(f"{errors} errors, {warnings} warnings in {seen} workflows of {len(found.lines)} files", err=True)
    if errors or (strict and warnings):
        click.get_current_context().exit(Exit.REFUSED)
