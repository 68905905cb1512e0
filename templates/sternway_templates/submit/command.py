"""The command `sternway submit`; what it does is in `start`, imported when it is called."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click
from sternway_steps.cli.extension import OptionalWord, options, perform

if TYPE_CHECKING:
    from sternway_steps.config import Config

    from ..kubernetes.served import Served
    from .submission import Submission


@click.command(cls=OptionalWord)
@options.config_file
@click.option("--set", "-s", "overrides", multiple=True, metavar="KEY=VALUE", help="A parameter of the pipeline.")
@click.option("--apply", "apply_first", is_flag=True, help="Apply the generated objects first.")
@click.option("--wait", is_flag=True, help="Follow the run to its end, and exit with its code.")
@options.logs
@options.output
@options.verbose
@options.kubeconfig
@options.context
def submit(**arguments: Any) -> None:
    """Start the pipeline on Argo Workflows, through the Kubernetes API alone.

    \b
    Example: sternway submit --config sternway.yaml --set image=web:1.4.3 --wait
    """
    from .start import start

    if arguments["logs"] is not None and not arguments["wait"]:
        raise click.UsageError("--logs shows them while the run is followed: add --wait")
    perform(start, arguments, _prepare)


def _prepare(arguments: dict[str, Any]) -> Submission:
    from .submission import read_submission

    def served(config: Config) -> Served:
        from ..kubernetes.served import NOT_ASKED, ask

        if not arguments["apply_first"]:
            return NOT_ASKED  # no Role is applied
        found, guessed = ask(config, arguments["kubeconfig"], arguments["context"])
        for note in guessed:
            click.echo(note, err=True)
        return found

    return read_submission(arguments["path"], arguments.pop("overrides"), os.environ, sys.stdin, served)
