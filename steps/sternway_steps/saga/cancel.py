"""Cancelling runs: all of a session, or one of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class StopAll(threading.Event):
    """An event over others: setting it sets each event that has joined, also those that join later.

    It takes no lock of its own, for a signal handler sets it in the middle of anything.
    """

    def __init__(self) -> None:
        super().__init__()
        self._each: dict[object, threading.Event] = {}

    def set(self) -> None:
        """Ask all to stop."""
        super().set()
        for event in tuple(self._each.values()):
            event.set()

    @contextmanager
    def joined(self, event: threading.Event | None = None) -> Iterator[threading.Event]:
        """Let an event, by default a new one, be set with all others while the context lasts.

        Setting it sets no other event.
        """
        if event is self:
            yield self
            return
        mine, token = event or threading.Event(), object()
        self._each[token] = mine
        try:
            if self.is_set():
                mine.set()
            yield mine
        finally:
            del self._each[token]
