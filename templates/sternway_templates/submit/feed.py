"""What happens while a run is followed: changes of its Workflow and of its journal, and signals to this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType
from typing import Any

from sternway_steps.argo.version import API
from sternway_steps.journal.backends.secret_form import RUN
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client
from sternway_steps.kube.watch import SYNC, Watches

PAUSE = 1.0
"""Seconds between tries to reach an API server that does not answer."""


class ChangeFeed:
    """A queue of pairs: `workflow` with the object, `gone`, `journal`, `stop`, or `failed` with an error.

    An API server that does not answer is asked again until the feed is closed.
    """

    def __init__(self, client: Client, workflow: dict[str, Any], journal: str) -> None:
        self._client = client
        self._metadata = workflow["metadata"]
        self._journal = journal
        self._queue: SimpleQueue[tuple[str, Any]] = SimpleQueue()

    def wait(self) -> tuple[str, Any]:
        """Wait for the next pair and return it."""
        return self._queue.get()

    def put(self, what: str, value: Any = None) -> None:
        """Add a pair; may be called from a signal handler too."""
        self._queue.put((what, value))

    @contextmanager
    def open(self) -> Iterator[None]:
        """Watch the Workflow, the journal and the signals while the context lasts."""
        with Watches(self._client) as watches, self._signals():
            for listen in (self._workflow, self._records):
                thread = threading.Thread(target=_follow_until_closed, args=(watches, listen, self.put), daemon=True)
                thread.name = "sternway-follow"
                thread.start()
            yield

    def _workflow(self, watches: Watches) -> None:
        exists = False
        fields = f"metadata.name={self._metadata['name']}"
        for change, obj in watches.follow(API, "Workflow", self._metadata["namespace"], fields=fields):
            mine = change != SYNC and obj["metadata"]["uid"] == self._metadata["uid"]
            if mine:
                exists = change != "DELETED"
                self.put("workflow", obj)
            if not exists and (mine or change == SYNC):
                self.put("gone")

    def _records(self, watches: Watches) -> None:
        labels = f"{RUN}={self._metadata['uid']}"
        try:
            for change, _ in watches.follow("v1", "Secret", self._journal, labels=labels):
                if change != SYNC:
                    self.put("journal")
        except ApiError as error:
            if not error.forbidden:  # whoever reads the journal finds that out, and says it
                raise

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Add `stop` for a signal that asks to stop, after the handler that is installed now."""
        if threading.current_thread() is not threading.main_thread():  # others can't mind signals
            yield
            return
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def handle(number: int, frame: FrameType | None) -> None:
            handler_before = handlers[signal.Signals(number)]
            if callable(handler_before):
                handler_before(number, frame)
            self.put("stop")

        for number in handlers:
            signal.signal(number, handle)
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _follow_until_closed(watches: Watches, listen: Callable[[Watches], None], put: Callable[[str, Any], None]) -> None:
    while not watches.closed.is_set():
        try:
            listen(watches)
        except ApiError as error:
            if not error.transient or error.reason == "Aborted":
                put("failed", error)
                return
            watches.closed.wait(PAUSE)
