"""Markdown of plain parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def row(*cells: str) -> str:
    """Return a row of a table; a bar in a cell is no border of it."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    return "\n".join([row(*head), row(*["---"] * len(head)), *(row(*each) for each in rows)])


def slug(title: str) -> str:
    """Return the anchor of a heading, as GitHub and the site's generator make it."""
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def sentence(docstring: str | None) -> str:
    """Return the first paragraph of a docstring in one line."""
    return " ".join((docstring or "").strip().split("\n\n")[0].split())
