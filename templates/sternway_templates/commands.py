"""The command `sternway template`; what it does is imported when it is called."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from sternway_steps.cli.extension import options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CI = ("github", "github-plan", "gitlab", "gitlab-plan")
_RUNNERS = ("argo", "cronjob", *_CI, "rollback-role")


@click.command()
@options.config_file
@options.overrides
@click.option(
    "--for",
    "runner",
    type=click.Choice(_RUNNERS),
    default="argo",
    show_default=True,
    help="What is to run it, or who is to undo it.",
)
@click.option(
    "--output",
    "-o",
    required=True,
    metavar="DIR|FILE|-",
    help="A folder for objects, a file for CI, or - for a stream.",
)
@click.option(
    "--prune", "pruned", is_flag=True, help="Delete ConfigMaps of earlier versions that nothing uses any more."
)
@options.kubeconfig
@options.context
def template(
    path: str,
    overrides: tuple[str, ...],
    runner: str,
    output: str,
    pruned: bool,
    kubeconfig: str | None,
    context: str | None,
) -> None:
    """Write the pipeline as Argo objects, as a CronJob with all that it needs, or for CI.

    \b
    Example: sternway template --config sternway.yaml --output argo/ && kubectl apply -f argo/
    Example: sternway template --for cronjob --output cronjob/ && kubectl apply -f cronjob/
    Example: sternway template --for github --config config/production.yaml --output .github/workflows/deploy.yaml
    Example: sternway template --for gitlab --config config/production.yaml --output .gitlab/deploy.yaml

    For rollback-role it is the rights of people who only roll back, who are yours to bind.

    For github and gitlab the environments are the files in config/; github-plan and gitlab-plan comment on pull
    requests with what would change.
    """
    if pruned and (runner in _CI or output == "-"):
        raise click.UsageError("--prune goes with objects in a folder")
    if runner in _CI:
        _write_pipeline(path, overrides, runner, output)
        return
    from .output import write
    from .yaml_text import to_yaml

    objects, note = _objects(path, overrides, runner, kubeconfig, context)
    for warning in dict.fromkeys(filter(None, map(note, objects.values()))):
        click.echo(f"warning: {warning}", err=True)
    if output == "-":
        click.echo(to_yaml(objects.values(), note), nl=False)
        return
    write(objects, Path(output), note)
    for name in objects:
        click.echo(str(Path(output) / name))
    if pruned:
        _prune(objects, kubeconfig, context)


def _prune(objects: Mapping[str, Mapping[str, Any]], kubeconfig: str | None, context: str | None) -> None:
    from sternway_steps.kube.client import Client

    from .prune import prune

    client = Client.connect(kubeconfig, context)
    try:
        for name in prune(client, objects.values()):
            click.echo(f"deleted configmap/{name}")
    finally:
        client.close()


def _objects(
    path: str, overrides: tuple[str, ...], runner: str, kubeconfig: str | None, context: str | None
) -> tuple[Mapping[str, Mapping[str, Any]], Callable[[Mapping[str, Any]], str]]:
    """Return the objects by file name, and what tells of an object what its comment has to say."""
    from sternway_steps.registry.load import load_with_source

    from .kubernetes.notes import note_on

    config, document = load_with_source(path, overrides=overrides, environ=os.environ, stdin=sys.stdin)
    note = partial(note_on, config)
    from .kubernetes.served import ask

    served, guessed = ask(config, kubeconfig, context)
    for line in guessed:
        click.echo(line, err=True)
    if runner == "cronjob":
        from .kubernetes.cronjob import cronjob

        return cronjob(config, document, served), note
    if runner == "rollback-role":
        from .kubernetes.rollback_role import rollback_role

        return rollback_role(config, served), lambda _: ""  # who is bound is theirs to say
    from .argo.pipeline import pipeline
    from .argo.pods import own_pods

    objects = pipeline(config, document, served)
    for step, reason in own_pods(config).items() if config.argo.pods is None else ():
        click.echo(f"step {step} has a pod of its own on Argo: {reason}", err=True)
    return objects, note


def _write_pipeline(path: str, overrides: tuple[str, ...], runner: str, output: str) -> None:
    from .ci.files import made
    from .ci.parameters import pipeline_inputs
    from .output import write_file

    if overrides:
        raise click.UsageError(
            "--set changes no file of CI: write the value into the configuration, or into parameters"
        )
    text, warning = made(runner, pipeline_inputs(path, os.environ))
    if warning:
        click.echo(f"warning: {warning}", err=True)
    if output == "-":
        click.echo(text, nl=False)
        return
    write_file(text, Path(output))
    click.echo(output)
