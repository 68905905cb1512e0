"""One action of one step in a process of its own: begun, done under its lock, and the run ended with the last one."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..config.backoff import ROLLBACK_TRIES
from ..errors import ClusterError, SternwayError, Transient, is_transient
from ..exits import Exit, exit_of
from ..journal.entries import Record
from ..journal.locks.lock import held
from ..journal.name import require_new_id
from ..journal.replay import Attempt, Status, Story, has_head, replay
from ..spec import Action, Effects
from ..step import Step
from .assembly import AssembledRun
from .attempt import ContextFor, attempt
from .attempt_errors import error_of
from .context_factory import contexts
from .events import Listener
from .plan import PlannedStep
from .recovery import UndoRun, finish_interrupted, patiently
from .repeated import Patience
from .result import Result, as_rollback_failure
from .retry import RETRIED, retry_transient
from .seal import seal
from .sealed import is_undone, refuse_other_target, refuse_taken, refuse_to_execute
from .standing import refuse_overtaken
from .unrecorded import Unrecorded, as_recorded_step, has_run_unrecorded
from .verdict import succeeded
from .workflow import namespace_of_workflow, workflow_seen


@dataclass(frozen=True)
class OneStep:
    """One action of one step of a run. `undo` is for what was left half done before it, `stop` ends all of it.

    What is decided is read under the lock, for until then another process may have undone or ended the run.
    """

    run: AssembledRun
    planned: PlannedStep
    action: Action
    undo: UndoRun
    stop: threading.Event
    tell: Listener
    workflow: str
    """The Argo Workflow that calls, "" for none."""

    def begin(self, check: Callable[[], None]) -> None:
        """Make the run's own record, unless a step of the same group just did.

        A run that was left half done is undone first. `check` raises what is against beginning at all.
        """
        require_new_id(self.run.id)
        patiently(partial(self._begin, check), self.run.config.wait_lock, self.stop, self.tell)

    def _begin(self, check: Callable[[], None]) -> None:
        run = self.run
        with held(run.lock, run.id, self.stop, None, self.tell):
            if run.journal.records():
                return
            state = partial(workflow_seen, run.client)
            finish_interrupted(run.store, run.journal, self.undo, state, on_argo=bool(self.workflow))
            check()
            run.journal.start(self._head())

    def _head(self) -> dict[str, Any]:
        others = [info.run for info in self.run.journal.others()]
        head = {"config": self.run.config.to_dict(), "stepwise": True, "others": others}
        if not self.workflow:
            return head
        seen = namespace_of_workflow(self.run.client, self.workflow, self.run.id)
        return {**head, "workflow": self.workflow, **({"workflow_namespace": seen} if seen else {})}

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
        with held(self.run.lock.part(".end"), run, self.stop, None, self.tell):
            story = replay(self.run.journal.records())
            if story.status is Status.SUCCEEDED and not story.goes_back():
                return Result(run, story.status, Exit.DONE)
            refuse_to_execute(story)  # a success is told of what stands
            if not story.succeeded(step.name for step in self.run.plan.steps):
                return Result(run, story.status, Exit.DONE)  # the rest of its group ends it, or who called it alone
            if self.run.lock.lost.is_set():
                raise Transient("the lock of this target was lost, so another run may be at work")
            return seal(self.run.journal, succeeded(run), self.run.config.history, again=True)

    def rolled_back(self, patience: Patience) -> Result:
        """Roll back, again and again while what is in the way may pass; `patience` multiplies the tries."""
        error: Exception | None
        tries = ROLLBACK_TRIES * (patience.retries + 1)
        try:
            error = retry_transient(self._undone, self.stop, tries, patience.backoff)
        except Transient as away:
            error = away
        if error is None:
            return Result(self.run.id, Status.UNDONE, Exit.DONE)
        if "overtaken_by" in getattr(error, "details", {}):
            return Result(self.run.id, Status.REFUSED, Exit.REFUSED, error)
        if exit_of(error) not in RETRIED[Action.ROLLBACK]:
            error = as_rollback_failure(self.planned, error)
        return Result(self.run.id, Status.ROLLBACK_FAILED, exit_of(error), error)

    def _undone(self) -> Exception | None:
        error = self._once()
        if error is not None and is_transient(error):
            if self._never_began():
                return None
            raise error
        return error

    def _never_began(self) -> bool:
        """Tell whether the target is another run's, and the step never began: then there is nothing to wait for."""
        run = self.run
        try:
            holder, records = run.lock.holder(), run.journal.records()
        except (SternwayError, ClusterError):
            return False
        begun = replay(records).begun() if records else frozenset()
        return holder is not None and holder.run != run.id and self.planned.name not in begun

    @functools.cached_property
    def _contexts(self) -> ContextFor:
        # Nothing of this process comes after the attempt, so what stops it stops a rollback too.
        return contexts(self.run, stop=self.stop, undo_stop=self.stop)

    def _once(self) -> Exception | None:
        step = self.run.steps[self.planned.spec.name]
        try:
            with held(self.run.lock_of(self.planned), self.run.id, self.stop, self.action, self.tell):
                if (due := self._due(step)) is None:
                    return None
                done = attempt(due, self.planned, self.action, self.run.journal, self._contexts, self.tell)
                # Who comes after this process reads the journal alone: what is not in it is to be done once more.
                return done.error or (done.unrecorded and Transient(f"not recorded: {done.unrecorded}"))
        except SternwayError as unwritten:
            return unwritten

    def _due(self, step: Step) -> Step | None:
        """Return, with the lock held, what has something to do; raises Refused when nothing executes any more."""
        records = self._records()
        story = replay(records) if records else None
        if story is not None:
            refuse_other_target(story, self.run.target)
        if self.action is Action.EXECUTE:
            if story is not None:
                refuse_to_execute(story)
                if self.planned.spec.effects is not Effects.NONE and story.others is not None:
                    others = {info.run: info.status for info in self.run.journal.others(anew=True)}
                    refuse_taken(story, others)
            return step
        if story is not None and is_undone(story):
            return None
        if story is not None:
            self.run.trust.require_chained(story)
        if story is None or self.planned.name not in story.begun():
            lost = (story or self.workflow) and has_run_unrecorded(self.run, self.planned, story, self.workflow)
            self._seal_off(story)
            return Unrecorded(step) if lost else None
        if not self.workflow:  # a handler undoes what it can; who asks for one step can ask for the later ones too
            refuse_overtaken(self.run.store, story)
        if story.status is Status.SUCCEEDED:  # a success is what it stands for no more
            with suppress(SternwayError):
                self.run.journal.resume()
        return as_recorded_step(step, self.planned.name, story)

    def _records(self) -> Sequence[Record]:
        """Read the run's records; its own is made anew when it was lost, for those of the steps hold what undoes it."""
        journal = self.run.journal
        records = journal.records()
        if not records or has_head(records) or not self.workflow or self.action is Action.EXECUTE:
            return records
        journal.start({**self._head(), "resumed": True})
        return journal.records()

    def _seal_off(self, story: Story | None) -> None:
        """Record that the undo of the run came by here: a step that begins late is to find it.

        A run that is not known is recorded for a Workflow alone, whose report ends it.
        """
        journal = self.run.journal
        with suppress(SternwayError):  # what can't be recorded now lets no step execute either
            if story is None and self.workflow:
                journal.start({**self._head(), "resumed": True})
            elif story is not None and story.status is Status.OPEN and not story.goes_back():
                journal.resume()
