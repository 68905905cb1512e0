"""The commands that undo, go on with what was cut off, and end what died."""

from __future__ import annotations

from typing import Any

import click

from .. import completion, options


@click.command()
@click.argument("run", required=False, shell_complete=completion.runs)
@click.option("--to", "to", metavar="RUN", help="Go back to how things were after RUN: undo all later ones that stand.")
@options.on_conflict
@options.restart_stale
@options.recreate
@options.wait_lock
@click.option("--unfinished", is_flag=True, help="Only finish what was cut off; a run that has ended is no error.")
@click.option(
    "--config",
    "-c",
    "journal_of",
    metavar="FILE",
    help="Take the journal of this configuration, and trust the commands that it has; without RUN, its newest run that "
    "stands (default: sternway.yaml).",
)
@options.trust_journal
@options.journal
@options.namespace
@options.shared
def rollback(**arguments: Any) -> None:
    """Undo a run from its journal, wherever it ran and however far it came.

    One that later runs have overtaken is refused: these stand above it. Commands that stand in the journal alone, and
    not in the configuration at hand, are shown first: run on a terminal it asks, elsewhere it is refused.

    \b
    Example: sternway rollback
    Example: sternway rollback --to 20261124-094500-81be02
    Example: sternway rollback 20261124-101500-3fa9c1
    Example: sternway rollback "$STERNWAY_RUN" --unfinished --config sternway.yaml
    """
    if arguments["to"] and (arguments["run"] or arguments["unfinished"]):
        raise click.UsageError("--to goes with neither RUN nor --unfinished")
    if arguments["unfinished"] and not arguments["run"]:
        raise click.UsageError("--unfinished needs RUN")
    from ..actions.undo import rollback as act
    from ..main import call

    call(act, arguments, may_not_begin=True)


@click.command()
@click.argument("run", shell_complete=completion.runs)
@options.wait_lock
@click.option(
    "--config",
    "-c",
    "journal_of",
    metavar="FILE",
    help="Take the journal of this configuration, and trust the commands that it has.",
)
@options.trust_journal
@options.journal
@options.namespace
@options.shared
def resume(**arguments: Any) -> None:
    """Go on forward with a run where it was interrupted, and undo all of it when a step fails.

    It is refused, naming what moved, when the world is not as the run's journal left it.

    \b
    Example: sternway resume 20261124-101500-3fa9c1
    """
    from ..actions.undo import resume as act
    from ..main import call

    call(act, arguments, may_not_begin=True)


@click.command()
@click.option("--all", "everywhere", is_flag=True, help="Look into the journals of all namespaces.")
@click.option("--target", metavar="NAMESPACE.NAME", help="Only runs of this target.")
@click.option("--run", "run", metavar="RUN", help="Only this run.")
@click.option(
    "--config", "-c", "journal_of", metavar="FILE", help="Only the target of this configuration, in its journal."
)
@options.every
@options.on_interrupt
@options.journal
@options.namespace
@options.shared
def sweep(**arguments: Any) -> None:
    """Bring to its end what died: runs whose process was killed, or whose Workflow was terminated or deleted.

    Looks into the journal of the context's namespace, or of --namespace. What is at work is left alone. Exit code 5
    when something could not be put back, 3 when a run is left to you, 75 when one could not be ended now.

    \b
    Example: sternway sweep --namespace shop
    Example: sternway sweep --all --every 1m
    """
    if arguments["everywhere"] and (arguments["namespace"] or arguments["journal"] or arguments["journal_of"]):
        raise click.UsageError("--all goes with neither --namespace, --journal nor --config")
    from ..actions.sweep import sweep as act
    from ..main import call

    call(act, arguments)
