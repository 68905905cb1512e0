"""The logs of what a run deploys, among its events: from its start until it ends, or its undo begins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from ..errors import ClusterError, SternwayError
from ..kube.sent_secrets import values_among
from ..objects.ref import Ref
from ..release.targets import hooks_of, objects_of
from ..rollout.error_lines import ErrorLines
from ..rollout.new_pods import NewPods
from .events import Event, Listener, LogLine, Note, RunEnded, RunStarted, UndoStarted, unfailing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config import Config
    from ..kube.client import Client

Logs = Literal["all", "errors"]


@contextmanager
def with_logs(config: Config, client: Client, which: Logs | None, tell: Listener) -> Iterator[Listener]:
    """Give the listener for a run: `tell` is told what that hears, and the lines of its new pods, one at a time.

    No error of it reaches the run, and nothing is told any more when the run has ended.
    """
    if which is None:
        yield tell
        return
    logs = _Logs(config, client, which, unfailing(tell))
    try:
        yield logs.event
    finally:
        logs.close()


class _Logs:
    def __init__(self, config: Config, client: Client, which: Logs, tell: Listener) -> None:
        self._config, self._client, self._which, self._tell = config, client, which, tell
        self._pods: NewPods | None = None
        self._errors: dict[tuple[str, str], ErrorLines] = {}
        self._lock, self._closed = threading.Lock(), False

    def event(self, event: Event) -> None:
        """Pass an event on; what the pods wrote before the end comes before it."""
        if isinstance(event, UndoStarted) and self._pods is not None:
            self._pods.stop()
        if isinstance(event, RunEnded):
            self.close()
        self._tell(event)
        if isinstance(event, RunStarted):
            self._start()

    def close(self) -> None:
        """Tell the last lines, and no more."""
        if self._pods is not None and not self._closed:
            self._pods.close()
        self._closed = True

    def _start(self) -> None:
        config, client = self._config, self._client
        try:
            objects = [*objects_of(config, client), *hooks_of(config, client)]
        except (SternwayError, ClusterError) as error:
            self._tell(Note(f"logs are not shown: {error}"))
            return
        refs: Sequence[Ref] = [Ref.of(obj) for obj in objects]
        self._pods = NewPods(client, refs, self._line, self._note, values_among(objects))
        self._pods.start()

    def _line(self, ref: Ref, pod: str, container: str, time: str, line: str) -> None:
        if self._which == "errors":
            with self._lock:
                errors = self._errors.setdefault((pod, container), ErrorLines())
            if not errors.shows(line):
                return
        if not self._closed:
            self._tell(LogLine(str(ref), pod, container, line, time))

    def _note(self, text: str) -> None:
        if not self._closed:
            self._tell(Note(text))
