"""Going back to the state after an earlier run: all later runs that stand are undone, as one recorded run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import Refused, RollbackFailed
from ..exits import Exit
from ..journal.backends.store import Store
from ..journal.replay import Status, Story, replay
from ..journal.writer import RunJournal
from .events import Listener, RunStarted, unfailing
from .recovery import UndoRun
from .result import Result
from .seal import seal
from .standing import refuse_at_work, refuse_overtaken, standing_after
from .verdict import lock_lost, succeeded


def later_runs(store: Store, story: Story) -> list[str]:
    """Return the runs to undo, newest first, to go back to the state after a run.

    Raises: Refused when that can't be: the run did not succeed or was undone, or runs of other targets stand above;
        Transient when one of them may be at work.
    """
    if story.status is not Status.SUCCEEDED:
        raise Refused(
            f"run {story.run} is {story.status.value}: there is no state after it to go back to",
            remedy="name one that succeeded; `sternway runs` lists them",
        )
    later = standing_after(store, story)
    for one in later:
        refuse_at_work(one)
        refuse_overtaken(store, one, [other.run for other in later])
    return [one.run for one in later]


def about(story: Story, undoes: Sequence[str], by: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is recorded of such a run when it starts: everything that is needed to resume it."""
    return {"config": dict(story.config), "back_to": story.run, "undoes": list(undoes), "by": dict(by)}


@dataclass(frozen=True)
class RollbackTo:
    """The undo of several runs of one target, whose lock is held; `undo` undoes one, `lost` is set with the lock."""

    journal: RunJournal
    store: Store
    undo: UndoRun
    tell: Listener
    lost: threading.Event
    clock: Callable[[], float] = time.monotonic

    def walk(self, story: Story) -> Result:
        """Undo what is left of `story.undoes`, and stop at the first that fails: the others stand below it."""
        began, tell, run = self.clock(), unfailing(self.tell), self.journal.run
        tell(RunStarted(run, story.target, (), self.store.where(), True, story.back_to, self.journal.name))
        result = self._undone(story)
        result = lock_lost(result, story.target, self.journal.name) if self.lost.is_set() else result
        result = seal(self.journal, result)
        tell(result.as_event(self.clock() - began))
        return result

    def _undone(self, story: Story) -> Result:
        run, stays = self.journal.run, []
        for name in story.undoes:
            records = self.store.records(name)
            if replay(records).status is Status.UNDONE:
                continue
            done = self.undo(records)
            stays += [f"{step} of run {name}" for step in done.stays]
            if done.status is not Status.UNDONE or done.unrecorded is not None:
                return self._stopped(name, done)
        return replace(succeeded(run), stays=tuple(stays))

    def _stopped(self, name: str, done: Result) -> Result:
        run = self.journal.run
        if done.status is Status.INTERRUPTED or done.unrecorded is not None:
            return Result(run, Status.INTERRUPTED, done.exit_code, done.error or done.unrecorded)
        failed = RollbackFailed(f"run {name} could not be undone, so those before it were left as they are")
        return Result(run, Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED, None, (failed, *done.rollback_errors))
