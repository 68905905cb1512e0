"""What a run that was left half done means for the next one of its target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .config import Config
from .errors import Refused, Transient
from .events import Listener
from .journal.lock import Lock
from .journal.replay import Status, Story, replay
from .journal.store import Store
from .journal.writer import RunJournal

if TYPE_CHECKING:
    from .session import Session


def finish_interrupted(
    session: Session, store: Store, journal: RunJournal, lock: Lock, tell: Listener, on_argo: bool
) -> None:
    """Undo what was left half done before `journal`'s run begins; the caller holds the target's lock.

    A run of one process that is open is dead, for a living one would hold the lock. One on Argo holds it only while
    a step works; but a Workflow that begins holds the target's mutex, so to it an open one was terminated or deleted,
    and its exit handler never ran. One made step by step by somebody else is theirs to end.

    Raises: Refused when it could not be undone, Transient when it is at work on Argo.
    """
    for head in store.heads(journal.target):
        begun = replay([head])
        if begun.status is not Status.OPEN or begun.run == journal.run:
            continue
        if begun.workflow and not on_argo:
            raise Transient(
                f"run {begun.run} of this target is open: Workflow {begun.workflow} on Argo made it",
                remedy=f"wait for it; when that Workflow is gone: sternway rollback {begun.run}",
            )
        if begun.workflow or not begun.stepwise:
            _finish(session, store, replay(store.records(begun.run)), lock, tell)


def _finish(session: Session, store: Store, story: Story, lock: Lock, tell: Listener) -> None:
    journal = RunJournal(store, story.run, story.target)
    result = session.orchestrator(Config.from_dict(story.config), journal, store, lock, tell).undo()
    if result.status is not Status.UNDONE:
        raise Refused(
            f"run {story.run} of this target was interrupted, and could not be undone: "
            + "; ".join(str(error) for error in result.rollback_errors),
            remedy=f"sternway rollback {story.run} --on-conflict merge",
        )
