"""Asks on a terminal whether commands of a journal may run."""

from __future__ import annotations

import signal
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
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # nothing has begun: Ctrl-C is an answer
        try:
            return click.confirm("Did you, or somebody whom you trust, write that? Go by it", default=False, err=True)
        except click.Abort:
            raise KeyboardInterrupt from None
        finally:
            signal.signal(signal.SIGINT, before)

    return approve
