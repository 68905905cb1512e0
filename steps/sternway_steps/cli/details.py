"""The lines below a line: objects and differences."""

from __future__ import annotations

from ..release.preview import Preview
from ..spec import Item
from .plan_lines import heading, lines_of
from .terminal import Styled, echo

COLOURS = {
    "created": "green", "changed": "green", "recreated": "yellow", "restored": "yellow", "deleted": "yellow",
    "kept": "cyan", "conflict": "red", "failed": "red", "rejected": "red", "create": "green", "change": "yellow",
    "recreate": "yellow", "remove": "red", "stay": "cyan",
}  # fmt: skip
WITH_FIELDS = ("changed", "recreated", "restored", "conflict", "failed")
"""Results of which the fields are told."""
_SIGNS = {"-": "red", "+": "green", "@": "cyan", "!": "yellow"}


def item(item_: Item, who: str = "", indent: str = "  ") -> None:
    """Write the result of one object; `who` is written before it."""
    echo(
        f"{indent}{who}",
        Styled(item_.result, fg=COLOURS.get(item_.result)),
        f" {item_.what}" + (f": {item_.why}" if item_.why else ""),
    )
    if item_.fields and item_.result in WITH_FIELDS:
        echo(f"{indent}  {', '.join(item_.fields)}")


def preview(found: Preview, *, whole: bool = False) -> None:
    """Write what would change in one object; a long list is folded unless the `whole` is asked for."""
    echo(Styled(found.result, fg=COLOURS.get(found.result)), f" {heading(found)}")
    for line in lines_of(found, whole=whole):
        echo(f"  {line.text}", fg=_SIGNS.get(line.sign))
