"""What can be done with recorded runs: undo one, finish an undo, go back to an earlier run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ..errors import Refused
from ..journal.backends.store import Store
from ..journal.entries import Record, new_run_id
from ..journal.locks.lock import held
from ..journal.replay import Status, Story, replay
from ..journal.writer import RunJournal
from .asked import asked
from .assembly import Assembly
from .author import author
from .cancel import StopAll
from .events import Listener
from .policy import Policy
from .recorded_config import recorded_config
from .result import Result
from .resume import require_resumable
from .rollback_to import about, later_runs
from .standing import refuse_overtaken
from .trust import Approve
from .undo import Undo

R = TypeVar("R")


@dataclass(frozen=True)
class Rollback:
    """Undoes runs that one journal holds. Nobody holds their locks yet: they are beside the records."""

    assembly: Assembly
    store: Store
    stop: StopAll
    tell: Listener
    policy: Policy
    approve: Approve | None = None
    """Asks a person whether commands of the journal may run that no configuration at hand has."""

    def undo(self, run: str) -> Result:
        """Undo a run, whoever ran it and however far it came, from its journal alone.

        Raises: Refused when the run is not known, or later runs that stand changed the same things since; Transient
            when it is still at work.
        """
        story = replay(self.store.records(run))
        undo = self._undo(story, self._asked(self._undone_by(story)))

        def unless_overtaken(records: Sequence[Record]) -> Result:
            story = replay(records)
            if story.back_to and story.status is Status.SUCCEEDED:
                remedy = "run the version that is wanted"
                raise Refused(f"run {run} went back to {story.back_to}, which can't be undone", remedy=remedy)
            for one in self._undone_by(story):
                refuse_overtaken(self.store, one, story.undoes)
            return undo.undo(records)

        return self._alone(undo, run, unless_overtaken)

    def finish(self, run: str, *, by_policy: bool = False) -> Result | None:
        """Finish the undo of a run whose process was killed; None when it has ended, or never touched anything.

        Args:
            run: its id.
            by_policy: let its onInterrupt decide whether it is undone.

        Raises: Transient when it is still at work; Refused when it is overtaken, or left to a person.

        """
        records = self.store.records(run)
        if not records or (story := replay(records)).status is not Status.OPEN:
            return None
        undo = self._undo(story)

        def unless_ended(records: Sequence[Record]) -> Result | None:  # its process may have been at work until now
            story = replay(records)
            if story.status is not Status.OPEN:
                return None
            if not story.undoes:
                refuse_overtaken(self.store, story)
            return undo.interrupted(records) if by_policy else undo.finish(records)

        return self._alone(undo, run, unless_ended)

    def resume(self, run: str) -> Result:
        """Go on forward with a run where it was interrupted.

        Raises: Refused when it can't, or something moved since; Transient when it is at work. Nothing was touched.
        """
        story = replay(self.store.records(run))
        require_resumable(story)
        undo = self._undo(story, self._asked([story], forward=True))
        with self.stop.joined() as stopped, held(undo.lock, run, stopped, None, self.tell):
            return undo.resume(self.store.records(run), stopped)

    def back_to(self, run: str) -> Result | None:
        """Undo the later runs of its target that stand, newest first, as one run; None when none stands above.

        Raises: Refused when that can't be, Transient when a run of the target is at work; nothing was touched.
        """
        story = replay(self.store.records(run))
        above = later_runs(
            self.store, story
        )  # what is another one once the lock is held was not asked for, and is left out
        undo = self._undo(story, self._asked([replay(self.store.records(name)) for name in above]))
        journal = RunJournal(self.store.fenced(undo.lock.fence), new_run_id(), story.target)
        with self.stop.joined() as stopped, held(undo.lock, journal.run, stopped, None, self.tell):
            undoes = later_runs(self.store, story)
            if not undoes:
                return None
            journal.start(about(story, undoes, author()))
            return undo.undo(journal.records())

    def _undone_by(self, story: Story) -> list[Story]:
        """Return the runs that the undo of one undoes: itself, or those that it went back over."""
        return [replay(self.store.records(name)) for name in story.undoes] or [story]

    def _asked(self, stories: Sequence[Story], *, forward: bool = False) -> Policy:
        trust = asked(self.assembly, stories, self.policy.trust, self.approve, forward=forward)
        return replace(self.policy, trust=trust)

    def _undo(self, story: Story, policy: Policy | None = None) -> Undo:
        wait = self.policy.of(recorded_config(story)).wait_lock
        lock = self.store.lock(story.target, wait)
        return Undo(self.assembly, self.store, lock, self.stop, self.tell, policy or self.policy)

    def _alone(self, undo: Undo, run: str, work: Callable[[Sequence[Record]], R]) -> R:
        """Hold the target's lock, and give the work the records as they are then."""
        with self.stop.joined() as stopped, held(undo.lock, run, stopped, None, self.tell):
            return work(self.store.records(run))
