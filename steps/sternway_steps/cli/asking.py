"""Asks on a terminal whether commands of a journal may run, and whether what is no longer named may go."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

import click

from ..errors import Refused
from ..plural import count
from ..release.preview import Preview
from ..saga.trust import Approve, Concern
from .output import Output


def asking(output: Output) -> Approve | None:
    """Return what asks; None where nobody can answer."""
    if not answers():
        return None

    def approve(concerns: Sequence[Concern]) -> bool:
        for concern in concerns:
            output.note(f"in the journal alone: {concern}")
        return _confirmed("Did you, or somebody whom you trust, write that? Go by it")

    return approve


def require_removal(output: Output, found: Sequence[Preview]) -> None:
    """Ask whether what is no longer named may be removed; raises Refused when not."""
    going = [one for one in found if one.result == "remove"]
    if not going:
        return
    output.plan(going)
    if not _confirmed(f"Remove {count(len(going), 'object')} at the end of the run"):
        remedy = 'sternway.dev/keep: "true" on an object keeps it; without deploy.prune and --prune all stay'
        raise Refused("not removed: nothing was touched", remedy=remedy)


def answers() -> bool:
    """Return whether there is somebody at a terminal who can answer."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _confirmed(question: str) -> bool:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # nothing has begun: Ctrl-C is an answer
    try:
        return click.confirm(question, default=False, err=True)
    except click.Abort:
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGINT, before)
