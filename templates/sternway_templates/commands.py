"""The commands that the templates add to the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from sternway_steps.config.load import load_with_source

from .made import to_yaml
from .output import write
from .pipeline import pipeline


@click.command()
@click.option("--config", "-c", "path", default="sternway.yaml", show_default=True, metavar="FILE")
@click.option("--set", "-s", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key.")
@click.option("--output", "-o", required=True, metavar="DIR|-", help="A folder, or - for one stream.")
def template(path: str, overrides: tuple[str, ...], output: str) -> None:
    """Write the pipeline as Argo objects: a WorkflowTemplate and all that it needs.

    \b
    Example: sternway template --config sternway.yaml --output argo/ && kubectl apply -f argo/
    """
    config, document = load_with_source(path, overrides=overrides, environ=os.environ, stdin=sys.stdin)
    objects = pipeline(config, document)
    if output == "-":
        click.echo(to_yaml(objects.values()), nl=False)
        return
    write(objects, Path(output))
    for name in objects:
        click.echo(str(Path(output) / name))
