"""The command `sternway lint`; what it does is in `show`, imported when it is called."""

from __future__ import annotations

import click
from sternway_steps.cli.extension import options


def _known_rules(_context: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        return names
    import difflib

    from .catalogue import RULES

    ids = [each.id for each in RULES]
    for name in names:
        if name not in ids:
            near = difflib.get_close_matches(name, ids, n=1)
            raise click.BadParameter(f"there is no rule {name!r}" + (f"; did you mean {near[0]}?" if near else ""))
    return names


@click.command()
@click.argument("files", nargs=-1, metavar="FILE|DIR|-...")
@options.output
@click.option(
    "--ignore", multiple=True, callback=_known_rules, metavar="RULE", help="Switch a rule off; may be repeated."
)
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
@click.option("--rules", "catalogue", is_flag=True, help="List the rules, with the reason for each.")
@click.option(
    "--explain", multiple=True, callback=_known_rules, metavar="RULE", help="Say what a rule finds, and why it matters."
)
def lint(
    files: tuple[str, ...],
    output: str,
    ignore: tuple[str, ...],
    strict: bool,
    catalogue: bool,
    explain: tuple[str, ...],
) -> None:
    """Find in Argo YAML, ours or anybody's, what makes a workflow lose its undo. Needs no cluster.

    Example: sternway lint argo/ && kubectl apply -f argo/

    A comment in the file switches a rule off, on its line or at the top of the document: # sternway-lint: ignore=RULE
    """
    if not files and not catalogue and not explain:
        raise click.UsageError("name a file, a folder, or - for standard input")
    from .show import show_findings, show_rules

    if catalogue or explain:
        show_rules(output, explain)
    else:
        click.get_current_context().exit(show_findings(files, output, ignore, strict))
