"""What a terminal shows of a run at work, as plain lines: its steps, what they wait for, how long, what came last."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..plain_text import plain
from ..saga.events import Event, RunEnded, RunStarted, StepEnded, StepProgress, StepStarted
from ..spec import Action, Progress

_BAR = 20
_MOST = 6
"""Things of one step that have a line of their own."""


@dataclass
class _Work:
    began: float
    heard: float
    progress: Progress = field(default_factory=lambda: Progress("at work"))


class Block:
    """Takes the events of a run and gives the lines for a moment.

    Args:
        clock: seconds; for tests.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._run, self._began = "", clock()
        self._steps: tuple[str, ...] = ()
        self._done: dict[str, str] = {}
        self._work: dict[tuple[str, Action], _Work] = {}

    def event(self, event: Event, ago: float = 0.0) -> None:
        """Take an event; it was so many seconds `ago`."""
        now = self._clock() - ago
        match event:
            case RunStarted():
                self._run, self._began = f"run {event.run} of {event.target}", now
                self._steps, self._done = event.steps, {}
                self._work.clear()
            case StepStarted():
                self._work[event.step, event.action] = _Work(now, now)
            case StepProgress() if (work := self._work.get((event.step, event.action))) is not None:
                work.progress, work.heard = event.progress, now
            case StepEnded():
                self._work.pop((event.step, event.action), None)
                back = event.action is Action.ROLLBACK
                self._done[event.step] = "x" if event.error is not None else "<" if back else "+"
            case RunEnded():
                self._work.clear()

    @property
    def at_work(self) -> bool:
        """Whether there is anything to show."""
        return bool(self._work)

    def lines(self, width: int) -> list[str]:
        """Return the lines, each at most so many columns wide; none when nothing is at work."""
        if not self._work:
            return []
        now = self._clock()
        names = {step for step, _ in self._work}
        signs = [f"[{'>' if name in names else self._done.get(name, ' ')}] {name}" for name in self._steps]
        lines = [f"{self._run}: {_time(now - self._began)}", *(["  ".join(signs)] if signs else [])]
        for (step, action), work in self._work.items():
            lines += _of_step(step if action is Action.EXECUTE else f"rollback {step}", work, now)
        return [_cut(plain(line), width) for line in lines]


def _of_step(name: str, work: _Work, now: float) -> list[str]:
    progress = work.progress
    left = f", gives up in {_time(max(0.0, progress.left - (now - work.heard)))}" if progress.left is not None else ""
    bar = ""
    if progress.wanted:
        filled = round(_BAR * min(1.0, (progress.done or 0) / progress.wanted))
        bar = f"  {'#' * filled}{'.' * (_BAR - filled)} {progress.done or 0}/{progress.wanted}"
    lines = [f"{name}: {_time(now - work.began)}{left}{bar}"]
    if not progress.parts:
        return [*lines, f"  {_first(progress.message)}"]
    lines += [f"  {part.done}/{part.wanted} {part.what}: {_first(part.message)}" for part in progress.parts[:_MOST]]
    more = len(progress.parts) - _MOST
    return [*lines, f"  and {more} more"] if more > 0 else lines


def _first(text: str) -> str:
    return text.partition("\n")[0]


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: max(0, width - 3)] + "..."
