"""Retries one action of one step until an attempt ends for good."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

from ..config.backoff import Backoff
from ..errors import Transient, is_transient
from ..journal.writer import RunJournal
from ..spec import Action
from ..step import Step
from .attempt import Attempted, ContextFor, attempt
from .events import Listener, StepEnded
from .plan import PlannedStep


@dataclass
class RetriedAction:
    """One action of one step of a run, with the listener of its events."""

    step: Step
    planned: PlannedStep
    action: Action
    journal: RunJournal
    context_for: ContextFor
    tell: Listener

    def __post_init__(self) -> None:
        self._held: list[StepEnded] = []

    def attempts(self, tries: int, backoff: Backoff, stop: threading.Event) -> Attempted:
        """Make attempts while they are Transient and nobody stops; return the last one.

        Raises: Refused, when the journal does not let us write, before the step was called.
        """
        for number in range(1, tries):
            done = self._attempt()
            if not is_transient(done.error) or stop.is_set():
                break
            delay = backoff.delay(number, getattr(done.error, "retry_after", None))
            self._tell_end(delay)
            if stop.wait(delay) and self.action is Action.ROLLBACK:
                return done  # whoever is at work now undoes it; an execution says once more that it was stopped
        else:
            done = self._attempt()
        self._tell_end()
        return done

    def _attempt(self) -> Attempted:
        self._held.clear()
        try:
            return attempt(self.step, self.planned, self.action, self.journal, self.context_for, self._hold)
        except Transient as unwritten:  # the journal is away, and the step was not called
            return Attempted(None, unwritten, ())

    def _hold(self, event: Any) -> None:
        """Keep the end of an attempt until it is known whether there will be another one."""
        self._held.append(event) if isinstance(event, StepEnded) else self.tell(event)

    def _tell_end(self, retry_in: float | None = None) -> None:
        for event in self._held:
            self.tell(replace(event, retry_in=retry_in))
