"""Runs a plan in this process: forward, and back when a step fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..config.backoff import ROLLBACK_TRIES, Backoff
from ..errors import Abandoned, RollbackFailed, SternwayError, Stopped
from ..exits import DONE
from ..journal.backends.store import HISTORY
from ..journal.replay import Story, replay
from ..journal.writer import RunJournal
from ..registry.steps import NotInstalled
from ..spec import Action
from ..step import Step
from .assembly import AssembledRun
from .attempt import ContextFor
from .context_factory import contexts
from .events import Listener, RunStarted, UndoStarted, unfailing
from .group import run_parallel
from .hold import with_hold
from .on_end import run_on_end
from .plan import Plan, PlannedStep
from .result import Result, as_rollback_failure
from .retried_step import RetriedAction
from .retry import retry_transient
from .seal import seal
from .unrecorded import as_recorded_step
from .verdict import abandoned, decide, lock_lost, staying, succeeded


@dataclass
class Orchestrator:
    """Runs the steps of one run; `steps` are found by the name of their spec, so a test can bring its own.

    | event | the way forward | the undo |
    | --- | --- | --- |
    | `stop` is set | stops, then everything is undone | goes on |
    | `lost` is set: the lock was lost | stops, and nothing is undone | stops before the next step |
    | Abandoned is raised: a second signal | ends at once | ends at once |
    """

    plan: Plan
    steps: Mapping[str, Step]
    journal: RunJournal
    context_for: ContextFor
    tell: Listener = lambda _: None
    stop: threading.Event = field(default_factory=threading.Event)
    backoff: Backoff = Backoff()
    where: str = ""
    lost: threading.Event = field(default_factory=threading.Event)
    """Set when the target's lock was lost: somebody else may be at work."""
    clock: Callable[[], float] = time.monotonic
    trusted: Callable[[Step, PlannedStep, Action], Step] = lambda step, *_: step
    """Puts what says so in the place of a step whose command may not run: a record's is not to be trusted."""
    at_end: Callable[[Result], Result] = lambda result: result
    """Runs the steps that run when the run has ended, and adds what it has to warn of."""

    @staticmethod
    def of(run: AssembledRun, tell: Listener, stop: threading.Event) -> Orchestrator:
        """Return what walks a run's plan in this process; the lock of its target is held."""
        lost, where = run.lock.lost, run.store.where()
        context_for = contexts(run, stop=stop, undo_stop=lost)
        at_end = partial(run_on_end, run, tell=unfailing(tell), stop=stop)
        return Orchestrator(
            run.plan, run.steps, run.journal, context_for, tell, stop,
            where=where, lost=lost, at_end=at_end, trusted=run.trusted,
        )  # fmt: skip

    def __post_init__(self) -> None:
        self.tell = unfailing(self.tell)

    def run(self, data: Mapping[str, Any], keep: int = HISTORY) -> Result:
        """Execute the plan, and undo it when a step fails. `data` is kept with the run: what its undo needs.

        Of the target's ended runs `keep` are kept.

        Raises: Refused or Transient when the journal can't be written; then nothing was touched.
        """
        began = self.clock()
        self.journal.start(data)
        names = _names(self.plan.steps)
        self.tell(RunStarted(self.journal.run, self.journal.target, names, self.where, name=self.journal.name))
        return self._end(self._unless_left(self._run_and_undo), began, keep)

    def resume(self, story: Story, by: Mapping[str, Any], keep: int = HISTORY) -> Result:
        """Go on where this run was interrupted, and undo all of it when a step fails; `by` is who does.

        Raises: Refused or Transient when the journal can't be written; then nothing was touched.
        """
        began = self.clock()
        done = frozenset(step for step in story.steps() if _is_done(story, step))
        self.journal.go_on(by)
        left = [step for step in self.plan.steps if step.name not in done]
        self.tell(RunStarted(self.journal.run, self.journal.target, _names(left), self.where))
        return self._end(self._unless_left(lambda: self._run_and_undo(done)), began, keep)

    def undo(self, story: Story | None = None) -> Result:
        """Undo this run, whoever ran it and however far it came; `story` is what its journal tells, if that was read.

        It only needs to read the journal: what can't be recorded is said at the end.
        """
        began = self.clock()
        story = story or replay(self.journal.records())
        todo = self.plan.undo_of(story.begun())
        with suppress(SternwayError):
            self.journal.resume()
        self.tell(
            RunStarted(self.journal.run, self.journal.target, _names(todo), self.where, True, name=self.journal.name)
        )
        return self._end(self._unless_left(lambda: self._rollback(story.error or "asked for", None, story)), began)

    def finish(self, story: Story | None = None) -> Result:
        """Bring a run to its end whose process is gone: all steps done is a success, anything else is undone."""
        story = story or replay(self.journal.records())
        if not story.succeeded(step.name for step in self.plan.steps):
            return self.undo(story)
        self.tell(RunStarted(self.journal.run, self.journal.target, (), self.where, name=self.journal.name))
        return self._end(succeeded(self.journal.run), self.clock())

    def _unless_left(self, walk: Callable[[], Result]) -> Result:
        """Walk, unless told to leave, or somebody else may be at work: then the end is not this process's to tell."""
        try:
            result = walk()
        except Abandoned:
            return abandoned(self.journal.run)
        return lock_lost(result, self.journal.target, self.journal.name) if self.lost.is_set() else result

    def _run_and_undo(self, done: Collection[str] = ()) -> Result:
        error = self._forward(done)
        return self._rollback(str(error), error) if error is not None else succeeded(self.journal.run)

    def _forward(self, done: Collection[str]) -> Exception | None:
        """Run group after group; of a group, return the error that is first in the config's order."""
        groups = ([step for step in group if step.name not in done] for group in self.plan.groups)
        for group in filter(None, groups):
            if self.stop.is_set() or self.lost.is_set():
                return Stopped(f"the run was stopped before step {group[0].name} began")
            errors = run_parallel(
                group, lambda planned: self._act(planned, Action.EXECUTE, planned.retries + 1), self.stop
            )
            if errors:
                return errors[0][1]
        return None

    def _rollback(self, because: str, error: Exception | None, story: Story | None = None) -> Result:
        """Roll back every step that began, last first, and decide how the run ended; `error` is its first one.

        One that fails never stops the others; a lost lock does, for whoever holds it may be at work.
        """
        run = self.journal.run
        try:
            story = story or retry_transient(lambda: replay(self.journal.records()), self.lost)
        except SternwayError as unread:
            failure = RollbackFailed(f"nothing could be undone: {unread}", remedy=unread.remedy)
            return decide(run, self.plan, (), error, [failure])
        begun = story.begun()
        if not self.lost.is_set():
            self.tell(UndoStarted(because, _names(self.plan.undo_of(begun)), staying(self.plan, story.attempts)))
        failed: list[tuple[PlannedStep, Exception]] = []
        for group in self.plan.undo_groups(begun):
            if self.lost.is_set():
                break
            failed += run_parallel(group, lambda step: self._act(step, Action.ROLLBACK, ROLLBACK_TRIES, story))
        failures = [as_rollback_failure(planned, raised) for planned, raised in failed]
        return with_hold(self.plan, story, decide(run, self.plan, story.attempts, error, failures))

    def _act(self, planned: PlannedStep, action: Action, tries: int, story: Story | None = None) -> Exception | None:
        """Do an action of a step until it ends for good: it is retried while it is transient.

        `story` is what an undo goes by.
        """
        waits = self.stop if action is Action.EXECUTE else self.lost
        try:
            step = self.steps[planned.spec.name]  # raises when no package here declares it
            step = self.trusted(step, planned, action)
            step = as_recorded_step(step, planned.name, story) if story is not None else step
            patient = RetriedAction(step, planned, action, self.journal, self.context_for, self.tell)
            return patient.attempts(tries, self.backoff, waits).error
        except NotInstalled as missing:  # what was undone where its package is needs it no more
            return None if story is not None and planned.name in story.undone() else missing
        except SternwayError as error:
            return error

    def _end(self, result: Result, began: float, keep: int | None = None) -> Result:
        result = self.at_end(seal(self.journal, result, keep))
        self.tell(result.as_event(self.clock() - began))
        return result


def _names(steps: Sequence[PlannedStep]) -> tuple[str, ...]:
    return tuple(step.name for step in steps)


def _is_done(story: Story, step: str) -> bool:
    last = story.last(step)
    return last is not None and last.result == DONE
