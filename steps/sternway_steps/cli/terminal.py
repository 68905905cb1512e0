"""The one way in which commands write for people: what is written is plain text, and only we add colour to it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any

import click

from ..plain_text import plain
from .github_commands import escaped
from .prints import our_stdout
from .stdout import Safe


@dataclass(frozen=True)
class Styled:
    """A piece of a line with a look of its own: a colour, bold, dim."""

    text: str
    fg: str | None = None
    bold: bool | None = None
    dim: bool | None = None


def echo(*pieces: str | Styled, err: bool = False, **look: Any) -> None:
    """Write a line of pieces, to standard output or standard error; `look` is that of pieces without one.

    Whatever a piece holds, a log or a server's words, drives no terminal, and on GitHub's runner it is no command,
    whichever output was asked for.
    """
    styled = "".join(_styled(piece if isinstance(piece, Styled) else Styled(piece, **look)) for piece in pieces)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        styled = escaped(styled)
    stream = sys.stderr if err else our_stdout()
    if isinstance(stream, Safe):
        stream.write_styled(styled + "\n")
    else:
        click.echo(styled, file=stream)


def _styled(piece: Styled) -> str:
    text = plain(piece.text)
    looks = piece.fg is not None or piece.bold or piece.dim
    return click.style(text, fg=piece.fg, bold=piece.bold, dim=piece.dim) if looks else text
