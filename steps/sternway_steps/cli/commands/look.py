"""The commands that tell of runs and of their targets, and end a hold."""

from __future__ import annotations

from typing import Any

import click

from .. import completion, options


@click.command()
@click.argument("named", required=False, metavar="[TARGET]")
@click.option("--target", metavar="NAMESPACE.NAME", help="Only runs of this target.")
@click.option("--wide", "-w", is_flag=True, help="Who ran it, from where, which images, and the whole error.")
@options.journal_of
@options.journal
@options.namespace
@options.shared
def runs(**arguments: Any) -> None:
    """List the runs in the journal, newest first. `history` is the same.

    \b
    Example: sternway runs shop.web --wide
    """
    named = arguments.pop("named")
    if named is not None and arguments["target"] is not None:
        raise click.UsageError(f"{named} and --target {arguments['target']} are two targets; name one of them")
    arguments["target"] = named or arguments["target"]
    from ..actions.look import runs as act
    from ..main import call

    call(act, arguments, only_reads=True)


@click.command()
@click.argument("run", shell_complete=completion.runs)
@options.journal_of
@options.journal
@options.namespace
@click.option("--watch", "watch", is_flag=True, help="Follow a run that is at work until it ends, and exit as it does.")
@options.shared_of_show
def show(**arguments: Any) -> None:
    """Tell the whole story of a run: steps, objects, what was put back, what was kept and why.

    \b
    Example: sternway show 20261124-101500-3fa9c1
    Example: sternway show 20261124-101500-3fa9c1 --output html > run.html
    Example: sternway show --watch 20261124-101500-3fa9c1
    """
    if arguments["watch"] and arguments["output"] == "html":
        raise click.UsageError("--watch writes no page: leave out --output html, and write it when the run has ended")
    from ..actions.look import show as act
    from ..main import call

    call(act, arguments, only_reads=True)


@click.command()
@options.target
def status(**arguments: Any) -> None:
    """Tell how a target stands: what is live, how the last run ended, what is held, who is at work and on what.

    \b
    Example: sternway status shop.web
    Example: sternway status --config config/production.yaml
    """
    _one_target(arguments)
    from ..actions.look import status as act
    from ..main import call

    call(act, arguments, only_reads=True)


@click.command()
@options.target
def unhold(**arguments: Any) -> None:
    """Let schedules deploy again what was undone of a target.

    \b
    Example: sternway unhold shop.web
    """
    _one_target(arguments)
    from ..actions.look import unhold as act
    from ..main import call

    call(act, arguments)


def _one_target(arguments: dict[str, Any]) -> None:
    if arguments["target"] and arguments["journal_of"]:
        raise click.UsageError("name the target, or its configuration with --config")
    if str(arguments["target"]).endswith((".yaml", ".yml")):
        arguments["journal_of"], arguments["target"] = arguments["target"], None
    if not arguments["target"]:
        arguments["journal_of"] = arguments["journal_of"] or "sternway.yaml"
