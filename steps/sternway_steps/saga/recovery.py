"""Recovery: what a run that was interrupted means for the next run of its target."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..errors import Refused, Transient
from ..journal.backends.store import Store
from ..journal.entries import Record
from ..journal.locks.waiting import Tell, Waited, Waiting
from ..journal.replay import Status, Story, require_unlocked, story_of
from ..journal.writer import RunJournal
from .result import Result
from .workflow import WorkflowState

_POLL = 1.0
T = TypeVar("T")
UndoRun = Callable[[Sequence[Record]], Result]
"""Undoes a run from its records, or brings it to its end."""


class StillOpen(Transient):
    """A run of the target is at work, though nobody holds the target between two of its steps."""

    def __init__(self, story: Story, how: str) -> None:
        remedy = f"wait for it (--wait-lock 5m); when that Workflow is gone: sternway rollback {story.name}"
        super().__init__(f"run {story.run} of this target is open: {how}", remedy=remedy)
        self.waiting = Waiting(story.run, "", 0, story.started, how)


def patiently(begin: Callable[[], T], wait: float, stop: threading.Event, tell: Tell) -> T:
    """Begin something; while another run is still open, begin it again for so many seconds."""
    waited, end = Waited(tell), time.monotonic() + wait
    while True:
        try:
            result = begin()
        except StillOpen as at_work:
            if time.monotonic() >= end:
                raise
            waited.on_run(at_work.waiting)
            if stop.wait(_POLL):
                raise
        else:
            waited.over()
            return result


def finish_interrupted(
    store: Store, journal: RunJournal, end: UndoRun, state: Callable[[Story], WorkflowState], *, on_argo: bool
) -> None:
    """End the interrupted runs of a target before `journal`'s run begins; the caller holds the target's lock.

    | the open run | what is done |
    | --- | --- |
    | all its steps are done | only its end is missing: it is recorded as succeeded |
    | of one process | its onInterrupt decides: its process is dead, for a living one would hold the lock |
    | of a Workflow that is over (ended, terminated, gone) | the same: its exit handler never ran, or never to its end |
    | of a Workflow that lives | Transient: it is at work |
    | of one that can't be seen, and this run is a Workflow too | the same as over: a living one holds the mutex |
    | of one that can't be seen, and this run is not on Argo | Transient: it may be at work |
    | made step by step by somebody else | nothing: whoever calls its steps ends it |
    | encrypted with a key that is not at hand | Refused: what it left can't be told |

    A Workflow holds the target's lock only while a step runs; `state` tells what becomes of it.

    Raises: Refused when it could not be undone, or is left to a person; Transient when it is at work on Argo.
    """
    going = [info.run for info in journal.others(anew=True) if info.status is Status.OPEN]
    for run in reversed(going):
        begun = story_of(records := store.records(run))
        if begun is None:
            require_unlocked(records)
        if begun is None or begun.status is not Status.OPEN:
            continue
        if begun.workflow:
            _require_over(begun, state(begun), on_argo=on_argo)
        if begun.workflow or not begun.stepwise:
            _require_end(begun, end(records))
            journal.others(anew=True)


def _require_over(story: Story, state: WorkflowState, *, on_argo: bool) -> None:
    if state.over or (state.over is None and on_argo):
        return
    raise StillOpen(story, state.how)


def _require_end(story: Story, result: Result) -> None:
    if result.unrecorded is not None and not result.rollback_errors:
        raise result.unrecorded
    if result.status is Status.INTERRUPTED and result.error is not None:  # told to leave, or the lock was lost
        raise result.error
    if result.status not in (Status.UNDONE, Status.SUCCEEDED):
        raise Refused(
            f"run {story.run} of this target was interrupted, and could not be undone: "
            + "; ".join(str(error) for error in result.rollback_errors),
            remedy=f"sternway rollback {story.name} --on-conflict merge",
        )
