"""Asks on a terminal whether commands of a journal may run."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from ..saga.trust import Approve, Concern
from .output import Output


def asking(output: Output) -> Approve | None:
    """Return what asks; None where nobody can answer."""
    if sys.stdin is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def approve(concerns: Sequence[Concern]) -> bool:
        for concern in concerns:
            output.note(f"in the journal alone: {concern}")
        return click.confirm("Did you, or somebody whom you trust, write that? Go by it", default=False, err=True)

    return approve
