"""One step's execution, made again in the same process: where a pod is shared, nobody outside can retry one step."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..config.backoff import Backoff
from ..errors import Transient, is_transient
from ..spec import Action, Progress
from .events import Event, Listener, StepEnded, StepProgress
from .result import Result


@dataclass(frozen=True)
class Patience:
    """How often an action is tried again in its own process, with which waits; by default its caller sees to that."""

    retries: int = 0
    backoff: Backoff = Backoff()


def repeated(
    execute: Callable[[Listener], Result], step: str, patience: Patience, stop: threading.Event, tell: Listener
) -> Result:
    """Return the result of `execute`, called again while it is transient and nobody stops.

    The end of an attempt is told once it is known whether another one follows.

    Raises: Refused, Transient: the last time the step was not called.
    """
    for number in range(1, patience.retries + 1):
        ends: list[StepEnded] = []
        error: Exception | None
        try:
            result = execute(_holding(ends, tell))
            error = result.error
        except Transient as away:  # what has to come before the step: the lock, the run's own record
            error = away
            if stop.is_set():
                raise
        if not is_transient(error) or stop.is_set():
            _tell(ends, tell, None)
            return result
        delay = patience.backoff.delay(number, getattr(error, "retry_after", None))
        if not ends:
            message = f"{error}; trying again in {delay:.1f} s"
            tell(StepProgress(step, Action.EXECUTE, Progress(message)))
        _tell(ends, tell, delay)
        stop.wait(delay)  # told to stop, the next attempt says so
    return execute(tell)


def _holding(ends: list[StepEnded], tell: Listener) -> Listener:
    def listen(event: Event) -> None:
        ends.append(event) if isinstance(event, StepEnded) else tell(event)

    return listen


def _tell(ends: list[StepEnded], tell: Listener, retry_in: float | None) -> None:
    for event in ends:
        tell(replace(event, retry_in=retry_in))
