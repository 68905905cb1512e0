"""The events of a run: what the command line, programs and tests listen to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from ..journal.locks.waiting import Waiting
from ..spec import Action, Item, Progress


@dataclass(frozen=True)
class RunStarted:
    """A run, or the undo of one, starts. `journal` says where its records are.

    `back_to` names the run to whose end this one goes back, by undoing all later ones. `name` is what commands call it:
    NAMESPACE/RUN.
    """

    run: str
    target: str
    steps: tuple[str, ...]
    journal: str
    undo_only: bool = False
    back_to: str = ""
    name: str = ""


@dataclass(frozen=True)
class StepStarted:
    """An attempt begins; `on` is as in StepEnded."""

    step: str
    action: Action
    attempt: int
    on: str = ""


@dataclass(frozen=True)
class StepProgress:
    """A step reports its progress."""

    step: str
    action: Action
    progress: Progress


@dataclass(frozen=True)
class StepEnded:
    """An attempt ended. `error` is None when it succeeded; `retry_in` seconds when it will be tried again.

    `on` (failure, success, always) is that of a step which runs when the run has ended: its error changes nothing of
    how that ended. "" stands for any other step.
    """

    step: str
    action: Action
    summary: str
    seconds: float
    items: tuple[Item, ...] = ()
    error: Exception | None = None
    retry_in: float | None = None
    on: str = ""


@dataclass(frozen=True)
class UndoStarted:
    """The undo starts; `because` is the first failure, `stays` the begun steps whose effects can't be undone."""

    because: str
    steps: tuple[str, ...]
    stays: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunEnded:
    """The last event of a run. `stays` names the steps that began and whose effects can't be undone.

    `unrecorded` says why the journal does not tell this end, when it does not; `name` is as of RunStarted; `warnings`
    say which steps with `on` failed.
    """

    run: str
    status: str
    exit_code: int
    seconds: float
    error: Exception | None = None
    rollback_errors: tuple[Exception, ...] = field(default_factory=tuple)
    stays: tuple[str, ...] = ()
    unrecorded: Exception | None = None
    name: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Note:
    """A remark on the run that whoever started it has to know."""

    message: str


@dataclass(frozen=True)
class LogLine:
    """A container of a new pod wrote a line (`run --logs`); `time` is its node's. One that begins with … is ours."""

    object: str
    pod: str
    container: str
    line: str
    time: str


Event = RunStarted | StepStarted | StepProgress | StepEnded | UndoStarted | RunEnded | Note | Waiting | LogLine
Listener = Callable[[Event], None]


def unfailing(listener: Listener) -> Listener:
    """Return a listener whose errors do not reach the run: a progress bar that breaks is no reason to stop an undo.

    It is called with one event at a time, also by steps that run in parallel.
    """
    one_at_a_time = threading.RLock()

    def tell(event: Event) -> None:
        try:
            with one_at_a_time:
                listener(event)
        except Exception:
            logging.getLogger("sternway").exception("a listener failed at %s", type(event).__name__)

    return tell
