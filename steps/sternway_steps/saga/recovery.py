"""What a run that was left half done means for the next one of its target."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import Refused, Transient
from ..journal.backends.store import Store
from ..journal.entries import Record
from ..journal.replay import Status, Story, replay
from ..journal.writer import RunJournal
from .policy import interrupted_policy
from .result import Result

UndoRun = Callable[[Sequence[Record]], Result]
"""Undoes a run from its records."""


def finish_interrupted(store: Store, journal: RunJournal, undo: UndoRun, *, on_argo: bool) -> None:
    """Undo what was left half done before `journal`'s run begins; the caller holds the target's lock.

    A run of which all steps are done lacks only its end: it has succeeded, and that is recorded.

    A run of one process that is open is dead, for a living one would hold the lock. One on Argo holds it only while
    a step works; but a Workflow that begins holds the target's mutex, so to it an open one was terminated or deleted,
    and its exit handler never ran. One made step by step by somebody else is theirs to end.

    Raises: Refused when it could not be undone, Transient when it is at work on Argo.
    """
    going = [info.run for info in store.index(journal.target) if info.status is Status.OPEN]
    for run in (run for run in reversed(going) if run != journal.run):
        begun = replay(records := store.records(run))
        if begun.status is not Status.OPEN:
            continue
        if begun.workflow and not on_argo:
            raise Transient(
                f"run {begun.run} of this target is open: Workflow {begun.workflow} on Argo made it",
                remedy=f"wait for it; when that Workflow is gone: sternway rollback {begun.run}",
            )
        if begun.workflow or not begun.stepwise:
            _refuse_if_left(begun)
            _require_end(begun, undo(records))


def _refuse_if_left(story: Story) -> None:
    """Refuse to begin before a person has decided on a run whose configuration leaves it to them."""
    if interrupted_policy(story) == "report" and not story.succeeded(story.steps()):
        raise Refused(
            f"run {story.run} of this target was interrupted, and its onInterrupt: report leaves it to you",
            remedy=f"sternway rollback {story.run}",
        )


def _require_end(story: Story, result: Result) -> None:
    if result.unrecorded is not None and not result.rollback_errors:
        raise result.unrecorded
    if result.status is Status.INTERRUPTED and result.error is not None:  # told to leave, or the lock was lost
        raise result.error
    if result.status not in (Status.UNDONE, Status.SUCCEEDED):
        raise Refused(
            f"run {story.run} of this target was interrupted, and could not be undone: "
            + "; ".join(str(error) for error in result.rollback_errors),
            remedy=f"sternway rollback {story.run} --on-conflict merge",
        )
