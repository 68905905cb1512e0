"""Undo what ran, or go on with what was cut off."""

from __future__ import annotations

from typing import Any

from ...exits import Exit
from ...saga.told_end import summary
from ...session import Session
from .. import termination as pod
from ..asking import asking
from ..configuration import target_of
from ..output import Output


def rollback(
    session: Session,
    output: Output,
    run: str | None,
    to: str | None,
    unfinished: bool,
    journal_of: str | None,
    **policy: Any,
) -> int:
    """Undo a run, several runs, or only finish an undo; `policy` is what the user says of an undo."""
    where = target_of(journal_of)
    how: dict[str, Any] = {**policy, "journal_of": where}
    approve = asking(output)
    if to is not None:
        result = session.rollback_to(to, output.event, **how, approve=approve)
        left = f"run {to} is what stands: there is no later one to undo"
    elif unfinished and run is not None:
        result = session.finish(run, output.event, **how)
        left = f"run {run} has ended, or changed nothing: no undo is left to be finished"
    else:
        if run is None:
            how["journal_of"] = where or target_of("sternway.yaml")
            run = session.newest(how["journal_of"])
        result = session.rollback(run, output.event, **how, approve=approve)
    if result is None:
        output.notice(left)
    pod.write_termination_message(summary(result) if result is not None else left)
    return result.exit_code if result is not None else Exit.DONE


def resume(session: Session, output: Output, run: str, journal_of: str | None, **policy: Any) -> int:
    """Go on with a run."""
    where = target_of(journal_of)
    result = session.resume(run, output.event, **policy, journal_of=where, approve=asking(output))
    pod.write_termination_message(summary(result))
    return result.exit_code
