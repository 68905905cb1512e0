"""Options whose word may be left out, beside arguments: click takes whatever comes next for it."""

from __future__ import annotations

import click


class OptionalWord(click.Command):
    """A command with such options: `--logs FILE` is `--logs` and a FILE, `--logs errors` is `--logs=errors`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Join each of these options with its word, or with the one that it stands for alone."""
        # One whose word must be given has a mark of click's own for what would stand for it, which is no text.
        words = {
            name: (param.type.choices, param.flag_value)
            for param in self.params
            if isinstance(param, click.Option) and isinstance(param.type, click.Choice)
            if isinstance(param.flag_value, str)
            for name in param.opts
            if name.startswith("--")
        }
        joined: list[str] = []
        rest = list(args)
        while rest and rest[0] != "--":
            word = rest.pop(0)
            if word in words:
                choices, otherwise = words[word]
                word += f"={rest.pop(0) if rest[:1] and rest[0] in choices else otherwise}"
            joined.append(word)
        return super().parse_args(ctx, [*joined, *rest])
