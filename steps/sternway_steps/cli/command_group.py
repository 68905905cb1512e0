"""The commands of this package, and those that other packages declare as entry points."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import EntryPoint, entry_points
from itertools import pairwise
from typing import IO, Any

import click

from .foreign_options import answer
from .terminal import echo

_GROUP = "sternway.commands"
_ALSO = {"diff": "plan", "history": "runs"}
"""Other names of commands, which help does not list."""
_ELSEWHERE = {
    "apply": "run", "deploy": "run", "install": "run", "up": "run", "upgrade": "run", "undo": "rollback",
    "create": "init", "new": "init", "check": "doctor",
    "down": "rollback", "abort": "rollback", "logs": "show", "log": "show", "describe": "show", "ls": "runs",
    "get": "runs", "list": "runs", "validate": "plan", "dry-run": "plan", "version": "--version",
}  # fmt: skip
"""What other tools call it."""


class Misused(click.UsageError):
    """What click found wrong with a command line: first that, then where help is; as JSON where that is wanted."""

    def __init__(self, message: str, ctx: click.Context | None, *, as_json: bool) -> None:
        super().__init__(message, ctx)
        self._as_json = as_json

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002  ours is the one that never raises
        """Write it to standard error, JSON to standard output."""
        help_ = ""
        if self.ctx is not None and self.ctx.command.get_help_option(self.ctx) is not None:
            help_ = f"Try '{self.ctx.command_path} {self.ctx.help_option_names[-1]}' for help."
        if self._as_json:
            from .json import usage_error

            usage_error(self.format_message(), help_)
            return
        echo(f"Error: {self.format_message()}", err=True)
        if help_:
            echo(help_, err=True)


_JSON = "sternway.json"
"""Whether the command line asks for JSON, among what click keeps of a context and those below it."""


def _asks_for_json(words: list[str]) -> bool:
    after = pairwise(words)
    return bool({"--output=json", "-ojson", "-o=json"} & set(words)) or any(
        word in ("--output", "-o") and form == "json" for word, form in after
    )


@contextmanager
def _cause_first(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except (Misused, click.exceptions.NoArgsIsHelpError):
        raise
    except click.UsageError as error:
        raise Misused(error.format_message(), error.ctx, as_json=as_json) from error


class CommandGroup(click.Group):
    """A click group that also finds the commands of other packages, by their entry points."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands in alphabetical order; shell completion reads them."""
        return sorted({*super().list_commands(ctx), *_declared()})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command called `name`, or None; one of another package is imported now.

        Where something that it imports is not installed, the process says so and ends; shell completion leaves it out.
        """
        own = super().get_command(ctx, _ALSO.get(name, name))
        entry = _declared().get(name) if own is None else None
        if entry is None:
            return own
        if ctx.resilient_parsing:  # shell completion
            with suppress(ImportError):
                own = entry.load()
            return own
        from .main import guarded

        return guarded(name, entry.load)

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> click.Context:
        """Parse the options before the command."""
        as_json = _asks_for_json(args)
        with _cause_first(as_json=as_json):
            ctx = super().make_context(info_name, args, *more, **extra)
        ctx.meta[_JSON] = as_json
        return ctx

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; an option that other tools have is answered with ours."""
        with _cause_first(as_json=ctx.meta[_JSON]):
            return self._invoke(ctx)

    def _invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            command = error.ctx.info_name if error.ctx is not None else None
            if ours := answer(command or "", error.option_name):
                raise click.UsageError(f"No such option: {error.option_name}. Here: {ours}", error.ctx) from error
            raise
        except click.MissingParameter as error:
            if error.param is not None and error.param.name == "run":
                message = f"{error.format_message()} `sternway runs` lists those that there are."
                raise click.UsageError(message, error.ctx) from error
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was typed; one that other tools have is answered with the name of ours."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            ours = _ELSEWHERE.get(args[0], "")
            if ours:
                raise click.UsageError(f"No such command {args[0]!r}. Here it is: sternway {ours}", ctx) from error
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section of our own commands, and one for each package that declares more."""
        declared = _declared()
        sections = {"Commands": super().list_commands(ctx)}
        for name, entry in sorted(declared.items()):
            sections.setdefault(f"Commands of {entry.module.partition('.')[0]}", []).append(name)
        width = formatter.width - 6 - max(map(len, (*self.commands, *declared)))
        for title, names in sections.items():
            with formatter.section(title):
                formatter.write_dl([(n, _short_help(self.commands.get(n) or declared[n], width)) for n in names])


def _declared() -> dict[str, EntryPoint]:
    """Return the entry points by the names of their commands; nothing is imported for that."""
    return {entry.name: entry for entry in entry_points(group=_GROUP)}


def _short_help(source: click.Command | EntryPoint, width: int) -> str:
    """Return the first sentence of a command's help, cut to `width` columns.

    A command of another package is imported for it, which is why such modules import what is heavy only when called.
    """
    try:
        command: click.Command = source.load() if isinstance(source, EntryPoint) else source
    except ImportError as error:
        return f"(needs {error.name}, which is not installed)"
    return command.get_short_help_str(width)
