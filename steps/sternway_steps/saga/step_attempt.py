"""One action of one step: begun, done under its lock, and the run ended with it when it was the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config import Config
from ..errors import SternwayError, Stopped, Transient, is_transient
from ..exits import DONE, Exit, exit_of
from ..journal.backends.store import Store
from ..journal.locks.lock import Lock, held
from ..journal.replay import Attempt, Status, replay
from ..journal.writer import RunJournal
from ..registry.steps import with_declared_specs
from ..spec import Action
from .attempt import attempt
from .events import Listener
from .location import lock_of_step
from .plan import Plan, PlannedStep
from .recovery import finish_interrupted
from .result import Result, as_rollback_failure
from .retry import RETRIED, patiently
from .seal import seal
from .verdict import succeeded

if TYPE_CHECKING:
    from ..session import Session


@dataclass(frozen=True)
class OneStep:
    """One action of one step, with all that it needs."""

    session: Session
    config: Config
    plan: Plan
    planned: PlannedStep
    action: Action
    journal: RunJournal
    lock: Lock
    tell: Listener

    def begin(self, store: Store, workflow: str) -> None:
        """Make the run's own record, unless a step of the same group just did.

        A run that Argo left half done is undone first.
        """
        with held(self.lock, self.journal.run, self.session.stop):
            if self.journal.records():
                return
            if workflow:
                undo = self.session.undoing(store, self.lock, self.tell, finish=True)
                finish_interrupted(store, self.journal, undo, on_argo=True)
            config = with_declared_specs(self.config, self.session.steps)
            head = {"config": config.to_dict(), "stepwise": True}
            self.journal.start({**head, "workflow": workflow} if workflow else head)

    def executed(self) -> Result:
        """Execute once; when it was the last step that was missing, its success is the run's."""
        if (error := self._once()) is not None:
            return Result(self.journal.run, Status.OPEN, exit_of(error), error)
        return self._succeeded()

    def again(self, last: Attempt) -> Result:
        """Answer Argo, which makes a pod anew that is deleted in its first seconds.

        What is done is not done twice; what was cut off is undone, as a run in one process would be.
        """
        if last.result == DONE:
            return self._succeeded()
        error = Stopped(f"attempt {last.number} of step {last.step} was cut off, so the run is undone")
        return Result(self.journal.run, Status.OPEN, exit_of(error), error)

    def _succeeded(self) -> Result:
        """End the run, if its last group is through. Of two steps that end at once, both see the other one's end."""
        run = self.journal.run
        if self.planned not in self.plan.groups[-1]:
            return Result(run, Status.OPEN, Exit.DONE)
        return patiently(self._ended, self.session.stop)

    def _ended(self) -> Result:
        run = self.journal.run
        with held(self.lock, run, self.session.stop):
            story = replay(self.journal.records())
            if story.status is not Status.OPEN or not story.succeeded(step.name for step in self.plan.steps):
                return Result(run, story.status, Exit.DONE)
            if self.lock.lost.is_set():
                raise Transient("the lock of this target was lost, so another run may be at work")
            return seal(self.journal, succeeded(run), self.config.history, again=True)

    def rolled_back(self) -> Result:
        """Roll back, again and again while what is in the way may pass."""
        error: Exception | None
        try:
            error = patiently(self._undone, self.session.stop)
        except Transient as away:
            error = away
        if error is None:
            return Result(self.journal.run, Status.UNDONE, Exit.DONE)
        if exit_of(error) not in RETRIED[Action.ROLLBACK]:
            error = as_rollback_failure(self.planned, error)
        return Result(self.journal.run, Status.ROLLBACK_FAILED, exit_of(error), error)

    def _undone(self) -> Exception | None:
        error = self._once()
        if error is not None and is_transient(error):
            raise error
        return error

    def _once(self) -> Exception | None:
        # Nothing of this process comes after the attempt, so what stops it stops a rollback too.
        contexts = self.session.contexts(self.config, self.journal, self.plan, self.session.stop)
        step = self.session.steps[self.planned.spec.name]
        try:
            with held(self._own_lock(), self.journal.run, self.session.stop):
                done = attempt(step, self.planned, self.action, self.journal, contexts, self.tell)
                # Who comes after this process reads the journal alone: what is not in it is to be done once more.
                return done.error or (done.unrecorded and Transient(f"not recorded: {done.unrecorded}"))
        except SternwayError as unwritten:
            return unwritten

    def _own_lock(self) -> Lock:
        """Give the target's lock, or in a group the step's own; then nobody of another run may hold the target's."""
        if not self.plan.beside(self.planned):
            return self.lock
        holder = self.lock.holder()
        if holder is not None and holder.run != self.journal.run:
            raise Transient(f"another run of this target is at work: run {holder.run} on {holder.host}")
        return lock_of_step(self.config, self.session.book, self.planned.name)
