"""The commands of ours that a page names, read as the command line reads them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
from sternway_steps.cli.app import app

from .blocks import blocks


def typed(page: Path) -> Iterator[list[str]]:
    """Give the words behind each `sternway` of a page: in blocks, and in the text."""
    lines = []
    for block in blocks(page, "sh", "console", "yaml", "bash"):
        text = block.text.replace("\\\n", " ")
        shown = block.kind == "console"
        lines += [line for line in text.splitlines() if not shown or line.startswith("$ ")]
    inline = re.findall(r"`(?:\$ )?((?:kubectl )?sternway [^`]+)`", page.read_text().replace("\n", " "))
    for line in [*lines, *inline]:
        for part in re.split(r"\\?\||&&|;|>|\$\(", re.sub(r"^\s*(- )?(run: )?(\$ )?", "", line).split(" #")[0]):
            words = _words(part.replace("[", "").replace("]", "").strip().rstrip(")"))
            if words and words[0] == "kubectl":
                words = words[1:]
            if len(words) > 1 and words[0].split("/")[-1] == "sternway":
                yield words[1:]


def _words(text: str) -> list[str]:
    try:
        found = shlex.split(text)
    except ValueError:  # a quotation that goes on behind a bar
        found = text.split()
    while found and (re.fullmatch(r"[A-Z_]+=.*", found[0]) or found[0] == "!"):
        found = found[1:]
    return found


def wrong(words: list[str]) -> str:
    """Return what the command line would refuse of it, or ""."""
    command: click.Command = app
    context = click.Context(app, info_name="sternway")
    while isinstance(command, click.Group) and words and not words[0].startswith(("-", "…")):
        below = command.get_command(context, words[0])
        if below is None:
            return f"there is no command {words[0]}"
        command, words = below, words[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    words = [word for word in words if word not in ("…", "...")]
    if {"--help", "-h", "--version"} & set(words) or command is app:
        return ""
    try:
        given, rest, _ = command.make_parser(context).parse_args(list(words))
        for parameter in command.params:
            if (
                isinstance(parameter, click.Option)
                and isinstance(parameter.type, click.Choice)
                and parameter.name in given
            ):
                parameter.type_cast_value(context, given[parameter.name])
    except click.UsageError as error:
        # A page may name an option without its value.
        return "" if isinstance(error, click.BadOptionUsage) and words[-1].startswith("-") else error.format_message()
    return f"{command.name} takes no {rest[0]!r}" if rest else ""
