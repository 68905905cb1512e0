"""Seals the end of a run in the journal, once, and prunes the target's oldest runs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from ..errors import SternwayError
from ..journal.replay import Status
from ..journal.writer import RunJournal
from .result import Result


def seal(journal: RunJournal, result: Result, keep: int | None = None, *, again: bool = False) -> Result:
    """Record how a run ended; when that can't be, the result says so.

    Args:
        journal: the run's.
        result: its end; one that is interrupted is not this process's to record.
        keep: how many ended runs of the target are kept; None forgets none.
        again: the caller tries again, so what is transient is raised.

    Raises: Transient, for a caller that tries again.

    """
    result = replace(result, name=journal.name)
    if result.status is Status.INTERRUPTED:
        return result
    try:
        journal.end(result.as_record())
    except SternwayError as unwritten:
        if again and unwritten.transient:
            raise
        result = result.not_recorded(unwritten)
    if keep is not None:
        with suppress(SternwayError):  # what is not forgotten now is forgotten by the next run
            journal.prune(keep)
    return result
