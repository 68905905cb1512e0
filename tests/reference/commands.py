"""The commands and their options, as the command line itself tells them."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator

import click
from sternway_steps.cli.app import app

from .text import slug, table

_SHARED = 6
"""An option that so many commands have, with the same words, is told once."""
Found = tuple[str, click.Command, click.Context]


def overview() -> str:
    """Return a table of all commands."""
    return table(
        ("command", "what it does"),
        ((f"[sternway {name}](#{slug(f'sternway {name}')})", _paragraphs(command)[0]) for name, command, _ in _all()),
    )


def details() -> str:
    """Return a section for each command, and first the options that many have."""
    found = list(_all())
    count = Counter(record for _, command, context in found for record in _records(command, context))
    shared = [record for record, times in count.items() if times >= _SHARED]
    parts = [f"### Shared options\n\n{table(('option', 'what it does'), map(_told, shared))}"]
    for name, command, context in found:
        own = [record for record in _records(command, context) if record not in shared]
        usage = " ".join(["sternway", name, *command.collect_usage_pieces(context)])
        text = "\n\n".join([f"```text\n{usage}\n```", *_paragraphs(command)])
        also = [record[0].split(",")[0].split()[0] for record in _records(command, context) if record in shared]
        options = f"\n\n{table(('option', 'what it does'), map(_told, own))}" if own else ""
        options += f"\n\nShared options: {', '.join(f'`{name}`' for name in also)}." if also else ""
        parts.append(f"### sternway {name}\n\n{text}{options}")
    return "\n\n".join(parts)


def _all(group: click.Group = app, above: str = "", parent: click.Context | None = None) -> Iterator[Found]:
    context = parent or click.Context(app, info_name="sternway", max_content_width=100, terminal_width=100)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        below = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _all(command, f"{above}{name} ", below)
        elif not command.hidden:
            yield f"{above}{name}", command, below


def _records(command: click.Command, context: click.Context) -> list[tuple[str, str]]:
    options = (
        each for each in command.get_params(context) if isinstance(each, click.Option) and "--help" not in each.opts
    )
    return [record for each in options if (record := each.get_help_record(context)) is not None]


def _told(record: tuple[str, str]) -> tuple[str, str]:
    return f"`{record[0]}`", record[1]


def _paragraphs(command: click.Command) -> list[str]:
    """Return what its help says; what is shown as it stands (behind a backspace) is a block of text."""
    found = []
    for part in inspect.cleandoc(command.help or "").split("\n\n"):
        verbatim = part.startswith("\b\n") or part.startswith("Example: ")
        text = part.removeprefix("\b\n")
        found.append(f"```text\n{text}\n```" if verbatim else " ".join(text.split()))
    return found
