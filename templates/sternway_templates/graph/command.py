"""The command that draws a saga."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import click
from sternway_steps.config.load import load
from sternway_steps.errors import Refused
from sternway_steps.registry.steps import Specs, known_steps
from sternway_steps.saga.plan import make_plan

from .mermaid import mermaid
from .model import describe
from .svg import svg

FORMATS = {"mermaid": mermaid, "svg": svg}
_ENDINGS = {".mmd": "mermaid", ".mermaid": "mermaid", ".svg": "svg"}


@click.command()
@click.option("--config", "-c", "path", default="sternway.yaml", show_default=True, metavar="FILE")
@click.option("--set", "-s", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key.")
@click.option(
    "--format", "-f", "form", type=click.Choice(sorted(FORMATS)), help="Default: by the ending of FILE, or mermaid."
)
@click.option("--output", "-o", default="-", show_default=True, metavar="FILE|-", help="A file, or - for the terminal.")
def graph(path: str, overrides: tuple[str, ...], form: str | None, output: str) -> None:
    """Draw the saga: the steps forward, and what is undone when one fails.

    \b
    Example: sternway graph --config sternway.yaml --output saga.svg
    """
    draw = FORMATS[form or _format_of(output)]
    config = load(path, overrides=overrides, environ=os.environ, stdin=sys.stdin)
    plan = make_plan(config.steps, Specs(known_steps(), config.declared))
    text = draw(describe(config.name, plan, config.deadline))
    if output == "-":
        click.echo(text, nl=False)
    else:
        write(text, Path(output))
        click.echo(output)


def write(text: str, file: Path) -> None:
    """Write a file whole or not at all: beside its place, then into it.

    Raises: Refused when it can't be written there.
    """
    # What a link points to is written, and the link stays.
    file = file.resolve()
    if file.exists() and not file.is_file():
        raise Refused(f"{file} is no file", remedy="name a file with --output, or - for the terminal")
    if not file.parent.is_dir():
        raise Refused(f"{file.parent} is no folder", remedy=f"make it first: mkdir -p {file.parent}")
    aside = file.with_name(f".{file.name[:100]}-{secrets.token_hex(4)}")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(file)
    except OSError as error:
        raise Refused(f"{file} can't be written: {error.strerror}", remedy="free space or rights there") from error
    finally:
        aside.unlink(missing_ok=True)


def _format_of(output: str) -> str:
    if output == "-":
        return "mermaid"
    ending = Path(output).suffix.lower()
    if ending not in _ENDINGS:
        endings = ", ".join(_ENDINGS)
        message = f"{output}: its ending names no format; end it in one of {endings}, or give --format"
        raise click.UsageError(f"{message} {' or '.join(sorted(FORMATS))}")
    return _ENDINGS[ending]
