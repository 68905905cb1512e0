"""The events of a run as lines for people: what is worth keeping of each step, its failure, what was put back, next."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

from ..errors import Bug, kind_of
from ..journal.locks.waiting import Waiting
from ..journal.replay import Status
from ..saga.events import Event, LogLine, RunEnded, RunStarted, StepEnded, StepProgress, StepStarted, UndoStarted
from ..spec import Action, Item
from . import details
from .block import Block
from .failure import cause_of, evidence
from .next_step import next_step
from .prints import our_stdout
from .quiet import Quiet
from .screen import Screen, screen_of
from .show import COLOURS
from .terminal import Styled, echo
from .told_logs import ToldLogs

_TOLD = (Status.SUCCEEDED, Status.HELD)
"""Ends whose error, if there is one, is told by itself."""

_ENDED = {"Failed": "failed", "RollbackFailed": "failed", "Refused": "refused", "Stopped": "stopped"}


class RunLines:
    """Writes the lines of a run to standard output; each is of one step, whose name it begins with.

    Args:
        stamped: each line begins with the local time.
        live: where there is a terminal, a block below the lines shows what is at work.

    """

    def __init__(self, *, stamped: bool, live: bool = False) -> None:
        self._stamped, self._live = stamped, live
        self._lock = threading.RLock()
        self._block = Block()
        self._screen: Screen | None = None
        self._quiet = Quiet(self._still, self._lock)
        self._errors: set[str] = set()
        self._logs = ToldLogs()
        self._at: datetime | None = None

    def event(self, event: Event, at: str = "") -> None:
        """Write an event, or keep it until it lasts; `at` is when it was, as the journal writes times, "" for now."""
        with self._lock:
            self._at = moment_of(at)
            if self._live and isinstance(event, RunStarted):
                self._live, self._screen = False, screen_of(our_stdout(), self._block, self._lock)
            self._block.event(event, ago(self._at))
            with self.apart():
                self._event(event)
            self._at = None

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Keep what is written apart from the block of a terminal."""
        with self._screen.hidden() if self._screen is not None else nullcontext():
            yield

    def close(self) -> None:
        """Leave the lines alone: nothing more comes."""
        if self._screen is not None:
            self._screen.close()

    def _event(self, event: Event) -> None:
        match event:
            case RunStarted():
                what = "undoing run" if event.undo_only and not event.back_to else "run"
                why = f", back to how things were after run {event.back_to}" if event.back_to else ""
                of = f"of {event.target}{why}"
                self._line(f"{what} ", Styled(event.run, bold=True), f" {of} (journal: {event.journal})")
            case StepStarted():
                if self._screen is None:
                    again = f", attempt {event.attempt}" if event.attempt > 1 else ""
                    self._quiet.begin(_called(event), f"at work{again}", ago(self._at))
            case StepProgress():
                self._progress(event)
            case StepEnded():
                self._quiet.end(_called(event))
                self._ended(event)
            case UndoStarted():
                self._line(f"undo: {', '.join(event.steps) or 'no step changed anything'}", fg="yellow")
                for name in event.stays:
                    self._line(f"  what {name} did is irreversible and stays", fg="red")
            case RunEnded():
                self._over(event)
            case LogLine():
                if self._logs.came(event.pod, event.line):
                    self._line(Styled(f"{event.pod}/{event.container} | ", fg="cyan"), event.line)
            case Waiting():
                self._line(str(event), dim=True)

    def _line(self, *pieces: str | Styled, **look: Any) -> None:
        stamp = f"{(self._at or datetime.now()).astimezone():%H:%M:%S} " if self._stamped else ""
        echo(Styled(stamp), *pieces, **look)

    def _still(self, step: Hashable, text: str, seconds: float) -> None:
        self._line(f"{step}: {text} ({seconds:.0f} s)", dim=True)

    def _progress(self, event: StepProgress) -> None:
        progress, step = event.progress, _called(event)
        count = f"[{progress.done}/{progress.wanted}] " if progress.wanted else ""
        if progress.passing:
            self._quiet.now(step, f"{count}{progress.message}")
        elif progress.item is None:
            self._line(f"{step}: {count}{progress.message}")
        elif progress.item.result != "unchanged":
            self._line(f"{step}: ", *_item(progress.item))

    def _ended(self, event: StepEnded) -> None:
        step = _called(event) + (f" (on: {event.on})" if event.on else "")
        if event.error is None:
            self._line(f"{step}: {event.summary} ({event.seconds:.1f} s)", fg="green")
            return
        at_end = ": warning, which changes nothing of how the run ended" if event.on else ""
        told = f"{step}{at_end}{_failed(event.error)}: {cause_of(event.error)} ({event.seconds:.1f} s)"
        self._line(told, fg="yellow" if event.on else "red")
        self._errors.add(str(event.error))
        if isinstance(event.error, Bug) and event.error.__cause__ is not None:  # whoever reports it needs all of it
            echo("".join(traceback.format_exception(event.error.__cause__)), err=True)
        if remedy := getattr(event.error, "remedy", None):
            echo(f"  {remedy}")
        evidence(getattr(event.error, "details", {}), brief=True, told=self._logs)
        if event.retry_in is not None:
            self._line(f"{step}: trying again in {event.retry_in:.1f} s")

    def _over(self, event: RunEnded) -> None:
        status = Status(event.status)
        ended = f"run {event.run}: {status.value} after {event.seconds:.1f} s"
        self._line(ended, fg=COLOURS.get(status, "red"), bold=True)
        if event.error is not None and status not in _TOLD and str(event.error) not in self._errors:
            echo(f"  first error: {cause_of(event.error).partition(chr(10))[0]}")
        for name in event.stays:
            echo(f"  what {name} did is irreversible and stays", fg="red")
        for error in event.rollback_errors:
            if str(error) not in self._errors:
                echo(f"  rollback: {error}", fg="red")
        if event.unrecorded is not None:
            echo(f"  {event.unrecorded}; {getattr(event.unrecorded, 'remedy', '')}", fg="red")
        if told := next_step(event):
            echo(f"next: {told}")


def moment_of(text: str) -> datetime | None:
    """Return a time of the journal; None for now, and for what is none."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def ago(at: datetime | None) -> float:
    """Return the seconds since a moment; 0 for one to come, for the clocks of two machines may differ."""
    return max(0.0, (datetime.now(UTC) - at.astimezone(UTC)).total_seconds()) if at is not None else 0.0


def _called(event: StepStarted | StepProgress | StepEnded) -> str:
    return event.step if event.action is Action.EXECUTE else f"rollback {event.step}"


def _failed(error: Exception) -> str:
    """Return how a step ended by its error; one that is not ours is named, unless its words do it."""
    kind = kind_of(error)
    if kind in _ENDED:
        return f" {_ENDED[kind]}"
    return "" if isinstance(error, Bug) and f"{kind}: " in str(error) else f": {kind}"


def _item(item: Item) -> tuple[str | Styled, ...]:
    """Return the result of one object in one line."""
    why = f": {item.why}" if item.why else ""
    fields = f": {', '.join(item.fields)}" if item.fields and not why and item.result in details.WITH_FIELDS else ""
    return Styled(item.result, fg=details.COLOURS.get(item.result)), f" {item.what}{why}{fields}"
