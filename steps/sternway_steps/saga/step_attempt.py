"""One action of one step in a process of its own: begun, done under its lock, and the run ended with the last one."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from ..errors import SternwayError, Transient, is_transient
from ..exits import Exit, exit_of
from ..journal.locks.lock import held
from ..journal.replay import Attempt, Status, replay
from ..spec import Action
from .assembly import AssembledRun
from .attempt import attempt
from .attempt_errors import error_of
from .context_factory import contexts
from .events import Listener
from .plan import PlannedStep
from .recovery import UndoRun, finish_interrupted
from .result import Result, as_rollback_failure
from .retry import RETRIED, retry_transient
from .seal import seal
from .verdict import succeeded
from .workflow import namespace_of_workflow


@dataclass(frozen=True)
class OneStep:
    """One action of one step of a run. `undo` is for what was left half done before it, `stop` ends all of it."""

    run: AssembledRun
    planned: PlannedStep
    action: Action
    undo: UndoRun
    stop: threading.Event
    tell: Listener

    def begin(self, workflow: str) -> None:
        """Make the run's own record, unless a step of the same group just did.

        A run that Argo left half done is undone first.
        """
        run = self.run
        with held(run.lock, run.id, self.stop):
            if run.journal.records():
                return
            if workflow:
                finish_interrupted(run.store, run.journal, self.undo, on_argo=True)
            run.journal.start({"config": run.config.to_dict(), "stepwise": True, **self._made_by(workflow)})

    def _made_by(self, workflow: str) -> dict[str, str]:
        if not workflow:
            return {}
        seen = namespace_of_workflow(self.run.client, workflow, self.run.id)
        return {"workflow": workflow, **({"workflow_namespace": seen} if seen else {})}

    def executed(self) -> Result:
        """Execute once; when it was the last step that was missing, its success is the run's."""
        if (error := self._once()) is not None:
            return Result(self.run.id, Status.OPEN, exit_of(error), error)
        return self._succeeded()

    def again(self, last: Attempt) -> Result:
        """Answer Argo, which makes a pod anew that is deleted in its first seconds.

        What is done is not done twice; what failed or was cut off is undone, as a run in one process would be.
        """
        if (error := error_of(last)) is None:
            return self._succeeded()
        return Result(self.run.id, Status.OPEN, exit_of(error), error)

    def _succeeded(self) -> Result:
        """End the run, if its last group is through. Of two steps that end at once, both see the other one's end."""
        run = self.run.id
        if self.planned not in self.run.plan.groups[-1]:
            return Result(run, Status.OPEN, Exit.DONE)
        return retry_transient(self._ended, self.stop)

    def _ended(self) -> Result:
        run = self.run.id
        with held(self.run.lock.part(".end"), run, self.stop):
            story = replay(self.run.journal.records())
            if story.status is not Status.OPEN or not story.succeeded(step.name for step in self.run.plan.steps):
                return Result(run, story.status, Exit.DONE)
            if self.run.lock.lost.is_set():
                raise Transient("the lock of this target was lost, so another run may be at work")
            return seal(self.run.journal, succeeded(run), self.run.config.history, again=True)

    def rolled_back(self) -> Result:
        """Roll back, again and again while what is in the way may pass."""
        error: Exception | None
        try:
            error = retry_transient(self._undone, self.stop)
        except Transient as away:
            error = away
        if error is None:
            return Result(self.run.id, Status.UNDONE, Exit.DONE)
        if exit_of(error) not in RETRIED[Action.ROLLBACK]:
            error = as_rollback_failure(self.planned, error)
        return Result(self.run.id, Status.ROLLBACK_FAILED, exit_of(error), error)

    def _undone(self) -> Exception | None:
        error = self._once()
        if error is not None and is_transient(error):
            raise error
        return error

    def _once(self) -> Exception | None:
        # Nothing of this process comes after the attempt, so what stops it stops a rollback too.
        context_for = contexts(self.run, stop=self.stop, undo_stop=self.stop)
        step = self.run.steps[self.planned.spec.name]
        try:
            with held(self.run.lock_of(self.planned), self.run.id, self.stop):
                done = attempt(step, self.planned, self.action, self.run.journal, context_for, self.tell)
                # Who comes after this process reads the journal alone: what is not in it is to be done once more.
                return done.error or (done.unrecorded and Transient(f"not recorded: {done.unrecorded}"))
        except SternwayError as unwritten:
            return unwritten
