"""The undo of one recorded run, while the lock of its target is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..config import Config
from ..journal.backends.store import Store
from ..journal.entries import Record
from ..journal.locks.lock import Lock
from ..journal.replay import replay
from ..journal.writer import RunJournal
from .assembly import Assembly
from .cancel import StopAll
from .events import Listener
from .orchestrator import Orchestrator
from .policy import Policy
from .result import Result
from .rollback_to import RollbackTo


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

    def _walk(self, records: Sequence[Record], *, finish: bool) -> Result:
        story = replay(records)
        if story.back_to:
            journal = RunJournal.of(self.store.fenced(self.lock.fence), records)
            return RollbackTo(journal, self.store, self.undo, self.tell, self.lock.lost).walk(story)
        config = self.policy.of(Config.from_dict(story.config))
        run = self.assembly.recorded_run(self.store, records, config, self.lock)
        orchestrator = Orchestrator.of(run, self.tell, self.stop)
        return orchestrator.finish(story) if finish else orchestrator.undo(story)
