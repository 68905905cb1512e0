"""One attempt of one action of one step: journal it, run it, seal it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..errors import (
    Abandoned,
    ClusterError,
    Failed,
    RollbackFailed,
    SternwayError,
    Stopped,
    Transient,
    is_transient,
    kind_of,
)
from ..exits import word_of
from ..journal.step_journal import StepJournal
from ..journal.writer import RunJournal
from ..kube.fence import LockLost
from ..shortage import shortage
from ..spec import Action, Item, Outcome, Progress
from ..step import Context, Step
from .events import Listener, StepEnded, StepProgress, StepStarted
from .overdue import overdue
from .plan import PlannedStep
from .printed import printing
from .step_bug import bug_of

DEADLINE = "deadline"
"""In a failure's details: it was the step's own deadline, of so many seconds; that says nothing of the content."""
ContextFor = Callable[[PlannedStep, Action, StepJournal], Context]
"""Makes what a step is given."""


@dataclass(frozen=True)
class Attempted:
    """How an attempt ended: an outcome, or the error it raised; `unrecorded`: why that is not in the journal."""

    outcome: Outcome | None
    error: Exception | None
    items: tuple[Item, ...]
    unrecorded: SternwayError | None = None


def attempt(
    step: Step, planned: PlannedStep, action: Action, journal: RunJournal, context_for: ContextFor, tell: Listener
) -> Attempted:
    """Run one attempt. Errors of the step are given back, never raised; an attempt that ended is sealed.

    An undo needs only to read, so it begins also when nothing can be recorded, and is sealed at its end if that works
    by then.

    Raises: Refused or Transient when the journal can't be written, before a step is called to execute.
    """
    if action is Action.EXECUTE and planned.undoable:
        journal.reserve(planned.name)
    record, late = _begin(journal, planned, action)
    tell(StepStarted(planned.name, action, record.key.attempt, planned.on))
    if late is not None:
        message = f"this can't be recorded now, so it is undone without: {late}"
        tell(StepProgress(planned.name, action, Progress(message)))
    items: list[Item] = []

    def report(progress: Progress) -> None:
        if progress.item is not None:
            items.append(progress.item)
        tell(StepProgress(planned.name, action, progress))

    context = replace(context_for(planned, action, record), report=report)
    began = time.monotonic()
    outcome: Outcome | None = None
    error: Exception | None = None
    try:
        if action is Action.EXECUTE:
            context.check()
        with printing(context.say), overdue(planned, action, context):
            outcome = _outcome((step.execute if action is Action.EXECUTE else step.rollback)(context))
    except SystemExit as left:  # the process is the runner's to end: it has steps to undo
        error = bug_of(step, planned, left, f"it called sys.exit({left.code!r})")
    except Abandoned:
        early = Stopped(f"step {planned.name} was left before it ended")
        _seal(record, word_of(early), items, None, early)
        raise
    except Exception as raised:  # noqa: BLE001  whatever a step raises, the others are undone
        error = _meant(step, planned, raised)
        if action is Action.EXECUTE and is_transient(error):
            error = _stopped(context, error)
        if isinstance(error, Stopped) and not context.stop.is_set():
            error = _overdue(planned, action, context, error)
    unrecorded = _seal(record, word_of(error), items, outcome, error)
    if action is Action.EXECUTE:  # what is not known to be done is not done; an undo is, and is proven anew
        error = error or unrecorded
    summary = outcome.summary if outcome and error is None else str(error)
    tell(StepEnded(planned.name, action, summary, time.monotonic() - began, tuple(items), error, on=planned.on))
    return Attempted(outcome if error is None else None, error, tuple(items), unrecorded)


def _begin(journal: RunJournal, planned: PlannedStep, action: Action) -> tuple[StepJournal, SternwayError | None]:
    try:
        return journal.begin(planned.name, action, planned.end.status if planned.end is not None else ""), None
    except SternwayError as unwritten:
        if action is Action.EXECUTE:
            raise
        return journal.begin_late(planned.name, action), unwritten


def _outcome(given: Outcome | None) -> Outcome:
    if not isinstance(given, Outcome):
        raise TypeError(f"it gave back {type(given).__name__} instead of an Outcome")
    return given


def _seal(
    record: StepJournal, result: str, items: list[Item], outcome: Outcome | None, error: Exception | None
) -> SternwayError | None:
    """Write how the attempt ended, even when told to leave meanwhile; returns the error of a journal that can't be."""
    try:
        return _write_end(record, result, items, outcome, error)
    except Abandoned:
        _write_end(record, result, items, outcome, error)
        raise


def _write_end(
    record: StepJournal, result: str, items: list[Item], outcome: Outcome | None, error: Exception | None
) -> SternwayError | None:
    data: dict[str, Any] = {"result": result, "items": [asdict(item) for item in items]}
    if outcome is not None:
        data["summary"] = outcome.summary
        if outcome.hands_on:
            data["hands_on"] = {name: dict(values) for name, values in outcome.hands_on.items()}
    if error is not None:
        data["error"] = str(error)
        data["remedy"] = getattr(error, "remedy", None)
        data["details"] = dict(getattr(error, "details", {}))
        if not isinstance(error, SternwayError):
            data["kind"] = kind_of(error)
        if (wait := getattr(error, "retry_after", None)) is not None:
            data["retry_after"] = wait
    try:
        record.end(data)
    except SternwayError as unwritten:
        # The undo needs the intents, which are there; only the story has a gap.
        return unwritten
    return None


def _stopped(context: Context, error: Exception) -> Exception:
    """Say that a step was stopped, when it was: what stood in its way meanwhile is not tried again."""
    try:
        context.check()
    except Stopped as stopped:
        stopped.__cause__ = error
        return stopped
    except LockLost:
        pass  # which the next request that is not sent says better, if it is not the error itself
    return error


def _overdue(planned: PlannedStep, action: Action, context: Context, stopped: Stopped) -> SternwayError:
    """Say what a deadline means: a step's own is its failure, the run's stops the run.

    An undo that is ended by its own is named, and whoever undoes next goes on with it.
    """
    late: SternwayError
    if context.deadline is None or context.clock() < context.deadline:
        return stopped
    if action is Action.EXECUTE:
        if context.own_deadline is None:
            return stopped
        late = Failed(stopped.message, details={**stopped.details, DEADLINE: context.own_deadline})
        late.__cause__ = stopped
        return late
    limit = planned.rollback_deadline or context.config.rollback_deadline
    late = RollbackFailed(
        f"{planned.name}: its undo did not end within its rollbackDeadline of {limit:g} s, and was ended",
        remedy="look why it hangs; whoever undoes it next goes on with it",
        details=stopped.details,
    )
    late.__cause__ = stopped
    return late


def _meant(step: Step, planned: PlannedStep, error: Exception) -> Exception:
    """Return what an answer of the API server means for a step that did not say so itself, and what is a bug as one."""
    if not isinstance(error, ClusterError):
        return error if isinstance(error, SternwayError) else shortage(error) or bug_of(step, planned, error)
    meant: SternwayError
    meant = Transient(str(error), retry_after=error.retry_after) if error.transient else Failed(str(error))
    meant.__cause__ = error
    return meant
