"""The commands by which another runner makes a run, such as Argo: one action of one step, and the end."""

from __future__ import annotations

from typing import Any

import click

from .. import completion, options


@click.command()
@click.argument("step", shell_complete=completion.steps)
@click.argument("action", type=click.Choice(["execute", "rollback"]))
@click.option(
    "--run",
    "run",
    envvar="STERNWAY_RUN",
    metavar="RUN",
    help="The run that this is part of; default: the newest one made step by step, or a new one.",
)
@options.workflow
@options.config
@options.overrides
@options.wait_lock
@options.unattended
@options.force_held
@options.in_a_set
@options.shared
def step(**arguments: Any) -> None:
    """Run one action of one step, as its container does.

    \b
    Example: sternway step deploy execute --run my-run --config sternway.yaml
    """
    from ..actions.by_step import step as act
    from ..main import call

    in_a_set = {key: arguments.pop(key) for key in ("retries", "backoff", "beside", "within", "all_start_within")}
    call(act, {"in_a_set": in_a_set, **arguments}, one_step=True)


@click.command()
@click.option("--run", "run", envvar="STERNWAY_RUN", required=True, metavar="RUN", help="The run that has ended.")
@click.option("--status", default="", metavar="WORD", help="How the runner saw the way forward end.")
@click.option("--failures", envvar="STERNWAY_FAILURES", default="", metavar="JSON", help="Argo's workflow.failures.")
@click.option("--another-round", type=click.BOOL, default=False, hidden=True)
@click.option("--code-file", metavar="FILE", hidden=True)
@click.option("--outcome-file", metavar="FILE", hidden=True)
@options.workflow
@options.config_file
@options.overrides
@options.unattended
@options.shared
def report(**arguments: Any) -> None:
    """End a run whose steps were called one by one: seal its journal and say how it ended.

    \b
    Example: sternway report --run my-run --config sternway.yaml
    """
    from ..actions.by_step import report as act
    from ..main import call

    call(act, arguments)
