"""Walks a plan in this process: forward, and back when a step fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ..config.backoff import ROLLBACK_TRIES, Backoff
from ..errors import RollbackFailed, SternwayError, Stopped, Transient
from ..exits import Exit, exit_of
from ..journal.entries import Kind
from ..journal.replay import Status, replay
from ..journal.writer import RunJournal
from ..spec import Action
from ..step import Step
from .attempt import Abandoned, ContextFor
from .events import Listener, RunEnded, RunStarted, UndoStarted, unfailing
from .group import side_by_side
from .plan import Plan, PlannedStep
from .result import Result, as_rollback_failure
from .retried_step import Patient
from .retry import patiently


@dataclass
class Orchestrator:
    """Runs the steps of one run; `steps` are found by the name of their spec, so a test can bring its own.

    `stop` asks the forward walk to stop; the undo is not stopped by it. A second request raises Abandoned in the
    thread that walks.
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

    def __post_init__(self) -> None:
        self.tell = unfailing(self.tell)

    def run(self, data: Mapping[str, Any]) -> Result:
        """Execute the plan, and undo it when a step fails. `data` is kept with the run: what its undo needs.

        Raises: Refused or Transient when the journal can't be written; then nothing was touched.
        """
        began = self.clock()
        self.journal.start(data)
        names = _names(self.plan.steps)
        self.tell(RunStarted(self.journal.run, self.journal.target, names, self.where))
        return self._end(self._unless_left(self._there_and_back), began)

    def undo(self) -> Result:
        """Undo what the journal says of this run, whoever ran it and however far it came.

        It only needs to read the journal: what can't be recorded is said at the end.
        """
        began = self.clock()
        story = replay(self.journal.records())
        todo = self.plan.undo_of(story.begun())
        with suppress(SternwayError):
            self.journal.resume()
        self.tell(RunStarted(self.journal.run, self.journal.target, _names(todo), self.where, True))
        return self._end(self._unless_left(lambda: self._only_back(story.error or "asked for")), began)

    def finish(self) -> Result:
        """Bring a run to its end whose process is gone: all steps done is a success, anything else is undone."""
        story = replay(self.journal.records())
        if not story.succeeded(step.name for step in self.plan.steps):
            return self.undo()
        self.tell(RunStarted(self.journal.run, self.journal.target, (), self.where))
        return self._end(Result(self.journal.run, Status.SUCCEEDED, Exit.DONE), self.clock())

    def _unless_left(self, walk: Callable[[], Result]) -> Result:
        """Walk, unless told to leave, or somebody else may be at work: then the end is not this process's to tell."""
        try:
            result = walk()
        except Abandoned:
            return Result(self.journal.run, Status.INTERRUPTED, Exit.STOPPED, Stopped("left before the undo ended"))
        if not self.lost.is_set():
            return result
        error = Transient(
            f"the lock of {self.journal.target} was lost, so another run may be at work, and this one left",
            remedy=f"the next run of the target finishes it, and so does: sternway rollback {self.journal.run}",
        )
        first = error if result.error is None or isinstance(result.error, Stopped) else result.error
        more = (error,) if first is not error else ()
        return Result(self.journal.run, Status.INTERRUPTED, Exit.TRANSIENT, first, more)

    def _there_and_back(self) -> Result:
        error = self._forward()
        if error is None:
            return Result(self.journal.run, Status.SUCCEEDED, Exit.DONE)
        return replace(self._result(error, self._back(str(error))), stays=self._stays())

    def _only_back(self, because: str) -> Result:
        errors = self._back(because)
        status = Status.ROLLBACK_FAILED if errors else Status.UNDONE
        return Result(
            self.journal.run, status, exit_of(errors[0] if errors else None), None, tuple(errors), self._stays()
        )

    def _forward(self) -> Exception | None:
        """Run group after group; of a group in which steps fail, give the error of the first in the config's order."""
        for group in self.plan.groups:
            if self.stop.is_set():
                return Stopped(f"the run was stopped before step {group[0].name} began")
            errors = side_by_side(group, lambda planned: self._once(planned, Action.EXECUTE, planned.retries + 1))
            if errors:
                return errors[0][1]
        return None

    def _back(self, because: str) -> list[Exception]:
        """Roll back every step that began, last first; one that fails never stops the others."""
        try:
            story = patiently(lambda: replay(self.journal.records()), threading.Event())
            begun = story.begun()
        except SternwayError as unread:
            failure = RollbackFailed(f"nothing could be undone: {unread}", remedy=unread.remedy)
            return [failure]
        undone, stays = self.plan.undo_of(begun), self.plan.stays_of(story.changed())
        self.tell(UndoStarted(because, _names(undone), _names(stays)))
        failed = [
            pair
            for group in self.plan.undo_groups(begun)
            for pair in side_by_side(group, lambda step: self._once(step, Action.ROLLBACK, ROLLBACK_TRIES))
        ]
        return [as_rollback_failure(planned, error) for planned, error in failed]

    def _stays(self) -> tuple[str, ...]:
        with suppress(SternwayError):  # a journal that can't be read is told as the failure that it is
            return _names(self.plan.stays_of(replay(self.journal.records()).changed()))
        return ()

    def _once(self, planned: PlannedStep, action: Action, tries: int) -> Exception | None:
        """Take an action of a step to its end: tried again while what is in the way may pass."""
        waits = self.stop if action is Action.EXECUTE else threading.Event()
        try:
            step = self.steps[planned.spec.name]  # raises when no package here declares it
            patient = Patient(step, planned, action, self.journal, self.context_for, self.tell)
            return patient.attempts(tries, self.backoff, waits).error
        except SternwayError as error:
            return error

    def _result(self, error: Exception, errors: list[Exception]) -> Result:
        run = self.journal.run
        if errors:
            return Result(run, Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED, error, tuple(errors))
        code = exit_of(error)
        if code in (Exit.REFUSED, Exit.TRANSIENT) and not self._touched():
            return Result(run, Status.REFUSED, code, error)
        return Result(run, Status.UNDONE, Exit.FAILED if code in (Exit.REFUSED, Exit.TRANSIENT) else code, error)

    def _touched(self) -> bool:
        """Tell whether any step may have changed something: it recorded an intent, or says that it was done."""
        try:
            records = self.journal.records()
        except SternwayError:  # it may have; to say that nothing was touched takes proof
            return True
        done = {a.step for a in replay(records).attempts if a.action is Action.EXECUTE and a.result == "done"}
        return bool(self.plan.undo_of(done)) or any(record.first(Kind.INTENT) for record in records)

    def _end(self, result: Result, began: float) -> Result:
        try:
            if result.status is not Status.INTERRUPTED:
                data: dict[str, Any] = {"status": result.status.value, "exit": int(result.exit_code)}
                if result.error is not None:
                    data["error"] = str(result.error)
                if result.stays:
                    data["stays"] = list(result.stays)
                self.journal.end({**data, "rollback_errors": [str(e) for e in result.rollback_errors]})
        except SternwayError as unwritten:
            result = result.not_recorded(unwritten)
        seconds = self.clock() - began
        self.tell(
            RunEnded(
                result.run,
                result.status,
                int(result.exit_code),
                seconds,
                result.error,
                result.rollback_errors,
                result.stays,
                result.unrecorded,
            )
        )
        return result


def _names(steps: Sequence[PlannedStep]) -> tuple[str, ...]:
    return tuple(step.name for step in steps)
