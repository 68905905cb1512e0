"""Lines about steps that are long at work: a log has none for what passes quickly, and none twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

FIRST = 3.0
"""Seconds after which a step that has said nothing to keep is spoken of."""
THEN = 10.0
"""Seconds between what is said of it after that, where there is anything new."""


@dataclass
class _Work:
    text: str
    began: float
    due: float
    told: str | None = None


class Quiet:
    """Keeps what each step at work does now, and says it once when it lasts.

    Args:
        say: takes the step's key, what it does, and how many seconds it has been at work; called from a thread.
        lock: held while `say` is called.
        clock: seconds; for tests.

    """

    def __init__(
        self,
        say: Callable[[Hashable, str, float], None],
        lock: threading.RLock,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say, self._lock, self._clock = say, lock, clock
        self._work: dict[Hashable, _Work] = {}
        self._timer: threading.Timer | None = None

    def begin(self, step: Hashable, text: str, ago: float = 0.0) -> None:
        """A step begins, or began so many seconds `ago`."""
        with self._lock:
            now = self._clock()
            self._work[step] = _Work(text, now - ago, now + FIRST)
            self._wake()

    def now(self, step: Hashable, text: str) -> None:
        """Take what a step does now; nothing is written yet."""
        with self._lock:
            if step in self._work:
                self._work[step].text = text

    def end(self, step: Hashable) -> None:
        """A step has ended."""
        with self._lock:
            self._work.pop(step, None)
            self._wake()

    def tell(self) -> None:
        """Say what is due, of each step that does something else than was said last."""
        with self._lock:
            now = self._clock()
            for step, work in self._work.items():
                if work.due <= now:
                    work.due = now + THEN
                    if work.text != work.told:
                        work.told = work.text
                        self._say(step, work.text, now - work.began)
            self._wake()

    def _wake(self) -> None:
        """Let a thread call `tell` when the next step is due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._work:
            seconds = min(work.due for work in self._work.values()) - self._clock()
            self._timer = threading.Timer(max(0.01, seconds), self.tell)
            self._timer.daemon = True
            self._timer.start()
