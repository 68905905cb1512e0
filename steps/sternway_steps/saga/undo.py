"""The undo of one recorded run, while the lock of its target is held."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from ..errors import Refused
from ..exits import DONE
from ..journal.backends.store import Store
from ..journal.entries import Record
from ..journal.locks.lock import Lock
from ..journal.replay import Story, replay
from ..journal.writer import RunJournal
from ..spec import Action
from .assembly import AssembledRun, Assembly
from .author import author
from .cancel import StopAll
from .events import Listener
from .orchestrator import Orchestrator
from .policy import Policy
from .recorded_config import recorded_config
from .result import Result
from .resume import require_over, require_resumable, require_unmoved
from .rollback_to import RollbackTo
from .standing import refuse_overtaken


@dataclass(frozen=True)
class Undo:
    """Undoes runs of one target from their records. Its methods are given all records of a run, as read just now.

    A run that goes back over several is gone on with.
    """

    assembly: Assembly
    store: Store
    lock: Lock
    stop: StopAll
    tell: Listener
    policy: Policy = Policy()

    def undo(self, records: Sequence[Record]) -> Result:
        """Undo it, however far it came."""
        return self._walk(records, finish=False)

    def finish(self, records: Sequence[Record]) -> Result:
        """Bring it to its end: of one that lacks its end alone, that is recorded; any other is undone."""
        return self._walk(records, finish=True)

    def interrupted(self, records: Sequence[Record]) -> Result:
        """Bring one to its end whose process is gone, as its onInterrupt says; what lacks its end alone gets that.

        One that was interrupted again after somebody went on with it is undone, and so is one that can't go on.

        Raises: Refused when it is left to a person; nothing was touched.
        """
        story = replay(records)
        self.policy.trust.require_chained(story)
        said = self.policy.of(recorded_config(story)).on_interrupt
        if story.back_to or story.succeeded(story.steps()):
            return self.finish(records)
        if said == "report":
            raise Refused(
                f"run {story.run} of this target was interrupted, and its onInterrupt: report leaves it to you",
                remedy=f"sternway rollback {story.name}, or sternway resume {story.name}",
            )
        if said == "resume" and not story.went_on and not story.resumed:
            with suppress(Refused):
                return self.resume(records)
        return self.finish(records)

    def resume(self, records: Sequence[Record], stop: threading.Event | None = None) -> Result:
        """Go on with it where it was interrupted; `stop` asks that to stop, by default what stops all.

        Raises: Refused when it can't go on, or the world is no longer as its journal left it; nothing was touched.
        """
        story = replay(records)
        self.policy.trust.require_chained(story)
        require_resumable(story)
        refuse_overtaken(self.store, story)
        config = self.policy.of(recorded_config(story))
        run = self.assembly.recorded_run(self.store, records, config, self.lock, self.policy.trust)
        require_over(run, story)
        _require_trusted(run, story)
        stop = stop or self.stop
        require_unmoved(run, story, stop)
        return Orchestrator.of(run, self.tell, stop).resume(story, author(), config.history)

    def _walk(self, records: Sequence[Record], *, finish: bool) -> Result:
        story = replay(records)
        self.policy.trust.require_chained(story)
        if story.back_to:
            journal = RunJournal.of(self.store.fenced(self.lock.fence), records)
            return RollbackTo(journal, self.store, self.undo, self.tell, self.lock.lost).walk(story)
        config = self.policy.of(recorded_config(story))
        run = self.assembly.recorded_run(self.store, records, config, self.lock, self.policy.trust)
        orchestrator = Orchestrator.of(run, self.tell, self.stop)
        return orchestrator.finish(story) if finish else orchestrator.undo(story)


def _require_trusted(run: AssembledRun, story: Story) -> None:
    """Refuse to go on forward with commands that may not run; nothing was touched."""
    left = (step for step in run.plan.steps if (last := story.last(step.name)) is None or last.result != DONE)
    found = [concern for step in left if (concern := run.concern(step, Action.EXECUTE)) is not None]
    if found:
        raise Refused(
            f"run {story.run} can't go on: {'; '.join(map(str, found))}",
            remedy=f"sternway resume {story.name} asks; or sternway rollback {story.name}, then run again",
        )
