"""Tell of runs and of their targets, and end a hold."""

from __future__ import annotations

from dataclasses import asdict

from ...exits import Exit
from ...session import Session
from ..configuration import target_of
from ..output import Output

_MOST = 10
"""Targets that are named."""


def runs(session: Session, output: Output, target: str | None, journal_of: str | None, wide: bool) -> int:
    """List runs."""
    where = target_of(journal_of)
    found = session.runs(target, journal_of=where)
    if target is not None and not found:
        others = ", ".join(sorted({story.target for story in session.runs(journal_of=where)})[:_MOST])
        output.notice(f"the journal holds no runs of {target}{f'; it has those of {others}' if others else ''}")
    else:
        output.runs(found, wide=wide)
    return Exit.DONE


def show(session: Session, output: Output, run: str, journal_of: str | None, watch: bool) -> int:
    """Show the whole story of a run, or follow it until it ends."""
    where = target_of(journal_of)
    if watch:
        return session.watch(run, output.event, note=output.note, journal_of=where)
    output.story(session.story(run, journal_of=where), lambda: session.changes(run, journal_of=where))
    return Exit.DONE


def status(session: Session, output: Output, target: str | None, journal_of: str | None) -> int:
    """Show how a target stands."""
    where = target_of(journal_of)
    from ..target_status import data_of, lines_of

    found = session.status(target, journal_of=where)
    output.result("target", data_of(found), list(lines_of(found)))
    return Exit.DONE


def unhold(session: Session, output: Output, target: str | None, journal_of: str | None) -> int:
    """Say of each run by which something was held that it is no more."""
    where = target_of(journal_of)
    released = session.unhold(target, journal_of=where)
    for hold in released:
        line = f"what run {hold.run} deployed to {hold.target} is held no more"
        output.result("unheld", asdict(hold), [line])
    if not released:
        output.notice("nothing is held")
    return Exit.DONE
