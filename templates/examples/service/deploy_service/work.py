"""What the service works on: a thread for each run, and all that it told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sternway_steps import Event, Result, SternwayError, as_data

MOST_EVENTS = 10_000
"""Events of one run that are kept; the journal keeps the story of all."""


class Work:
    """One run, or the undo of one, in a thread of its own. `stop` cancels it."""

    def __init__(self, run: str, deployment: str) -> None:
        self.run = run
        self.deployment = deployment
        self.stop = threading.Event()
        self._news = threading.Condition()
        self._events: list[dict[str, Any]] = []
        self._over = False

    def begin(self, work: Callable[[], Result], done: Callable[[], None]) -> threading.Thread:
        """Start the thread. A process that waits for its threads ends after the undo, not before it."""
        thread = threading.Thread(target=self._do, args=(work, done), name=f"run-{self.run}")
        thread.start()
        return thread

    def tell(self, event: Event) -> None:
        """Take an event of the run."""
        self._add(as_data(event))

    @property
    def over(self) -> bool:
        """Whether nothing more will be told."""
        return self._over

    def events(self, after: int, wait: float) -> tuple[list[dict[str, Any]], bool]:
        """Give the events from number `after` on, and whether these are all; waits some seconds for the next one."""
        with self._news:
            self._news.wait_for(lambda: len(self._events) > after or self._over, wait)
            return self._events[after:], self._over

    def _do(self, work: Callable[[], Result], done: Callable[[], None]) -> None:
        try:
            work()
        except SternwayError as error:  # nothing was touched
            self._add({"type": "error", "kind": type(error).__name__, "message": str(error), "remedy": error.remedy})
        except Exception as error:
            self._add({"type": "error", "kind": "Bug", "message": f"{type(error).__name__}: {error}", "remedy": None})
            raise
        finally:
            with self._news:
                self._over = True
                self._news.notify_all()
            done()

    def _add(self, event: dict[str, Any]) -> None:
        with self._news:
            if len(self._events) < MOST_EVENTS:
                self._events.append(event)
            self._news.notify_all()
