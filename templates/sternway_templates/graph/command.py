"""The command `sternway graph`; what it does is in `draw`, imported when it is called."""

from __future__ import annotations

from pathlib import Path

import click
from sternway_steps.cli.extension import options

_FORMATS = ("mermaid", "svg")
_ENDINGS = {".mmd": "mermaid", ".mermaid": "mermaid", ".svg": "svg"}


@click.command()
@options.config_file
@options.overrides
@click.option("--format", "-f", "form", type=click.Choice(_FORMATS), help="Default: by the ending of FILE, or mermaid.")
@click.option("--output", "-o", default="-", show_default=True, metavar="FILE|-", help="A file, or - for the terminal.")
def graph(path: str, overrides: tuple[str, ...], form: str | None, output: str) -> None:
    """Draw the saga: the steps forward, and what is undone when one fails.

    \b
    Example: sternway graph --config sternway.yaml --output saga.svg
    """
    form = form or _format_of(output)
    from .draw import draw, write

    text = draw(path, overrides, form)
    if output == "-":
        click.echo(text, nl=False)
    else:
        write(text, Path(output))
        click.echo(output)


def _format_of(output: str) -> str:
    if output == "-":
        return "mermaid"
    ending = Path(output).suffix.lower()
    if ending not in _ENDINGS:
        endings = ", ".join(_ENDINGS)
        message = f"{output}: its ending names no format; end it in one of {endings}, or give --format"
        raise click.UsageError(f"{message} {' or '.join(_FORMATS)}")
    return _ENDINGS[ending]
