"""Follows the log of a pod that is about to be created, and the state of that pod."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .api_error import ApiError
from .bounded import read_within
from .watch import SYNC, Watches, shut

if TYPE_CHECKING:
    from .client import Client

_SILENT = 3600.0
"""Seconds that a log may be silent before its connection counts as dead; a command may compute for long."""
_CLOSING = 1.0
_SHORT, _MOST = 10.0, 4 << 20
"""Seconds for the last lines of a log, and bytes: a line may be as long as its program likes."""
_UNSTARTED = ("StartError", "ContainerCannotRun")
"""Reasons of a container whose program could not be started (kubelet, containerd)."""


class PodLog:
    """The log of the first container of the one pod that a selector matches; followed in a thread.

    Args:
        client: the cluster.
        namespace: where the pod will be.
        labels: the pod's label selector.
        take: called with each piece of the log as it arrives.

    """

    def __init__(self, client: Client, namespace: str, labels: str, take: Callable[[bytes], None]) -> None:
        self._client, self._namespace, self._labels, self._take = client, namespace, labels, take
        self._watches = Watches(client)
        self._response: Any = None
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._ended = threading.Event()
        self._running = threading.Event()
        self._gone = threading.Event()
        self._asked: datetime | None = None
        self.pod: Mapping[str, Any] = {}
        """The pod in its last known state, also when it is gone."""
        self.taken = 0
        """The number of bytes received."""
        self._threads = [
            threading.Thread(target=work, name="sternway-log", daemon=True) for work in (self._watch, self._follow)
        ]

    def __enter__(self) -> PodLog:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._running.set()
        self._watches.close()
        if self._response is not None:
            shut(self._response)
        for thread in self._threads:
            thread.join(_CLOSING)

    @property
    def started(self) -> bool:
        """Whether the program ever ran: not when the image, or the program in it, does not exist."""
        return bool(_state(self.pod).get("containerID")) and self._terminated.get("reason") not in _UNSTARTED

    @property
    def unstarted(self) -> str:
        """Why the program could not be started, "" when nothing says so."""
        ended = self._terminated
        return str(ended.get("message") or ended["reason"]) if ended.get("reason") in _UNSTARTED else ""

    def began(self, seconds: float) -> bool:
        """Tell whether the program may have run; of a pod that is being removed, its last state is waited for."""
        return bool(self.pod) and (self.started or not self._gone.wait(seconds) or self.started)

    @property
    def removed(self) -> str:
        """Why the pod was taken away before its program ended, `REASON: MESSAGE`; "" when nothing says that it was."""
        status = self.pod.get("status") or {}
        for one in status.get("conditions") or []:
            if one.get("type") == "DisruptionTarget" and one.get("status") == "True":
                return f"{one.get('reason')}: {one.get('message') or 'the pod was removed from its node'}"
        if status.get("reason") and status.get("phase") == "Failed":
            return f"{status['reason']}: {status.get('message') or 'the pod was removed from its node'}"
        ended = self._terminated.get("finishedAt")
        if self._asked is not None and (ended is None or self._asked <= datetime.fromisoformat(ended)):
            return "Deleted: somebody deleted its pod before it was done"
        return ""

    @property
    def exit_code(self) -> int | None:
        """The program's exit code; None when it did not end, or its end was not observed."""
        code = self._terminated.get("exitCode")
        # Of a container that it lost, or never had, the kubelet says 137 when the pod goes.
        reliable = self.started and self._terminated.get("reason") != "ContainerStatusUnknown"
        return int(code) if code is not None and reliable else None

    @property
    def _terminated(self) -> Mapping[str, Any]:
        return dict((_state(self.pod).get("state") or {}).get("terminated") or {})

    def finish(self, seconds: float) -> None:
        """Read the pod once more, for the watch may lag behind, and wait until its log is complete."""
        self.look()
        if self.started:
            self._ended.wait(seconds)

    def last(self, lines: int) -> bytes:
        """Follow no more, and read the last lines: of a log that was rotated on the way, the stream may lack them."""
        self._closed.set()
        if self._response is not None:
            shut(self._response)
        self._threads[1].join(_CLOSING)
        text = b""
        with suppress(ApiError, OSError, *_broken()):
            response = self._client.transport.stream(*self._address(tailLines=str(lines)), _SHORT)
            text = read_within(response, _SHORT, _MOST)
        return text

    def _address(self, **query: str) -> tuple[str, dict[str, str]]:
        path = f"/api/v1/namespaces/{self._namespace}/pods/{self.pod['metadata']['name']}/log"
        return path, {**query, "container": str(self.pod["spec"]["containers"][0]["name"])}

    def look(self) -> None:
        """Read the pod now."""
        with suppress(ApiError):
            for pod in self._client.list("v1", "Pod", self._namespace, labels=self._labels).items:
                self._see(pod)

    def _watch(self) -> None:
        with suppress(ApiError):
            for change, pod in self._watches.follow("v1", "Pod", self._namespace, labels=self._labels):
                if change != SYNC:
                    self._see(pod)
                if change == "DELETED":
                    self._gone.set()

    def _see(self, pod: Mapping[str, Any]) -> None:
        """Keep the newest state: a container that has ended does not run again, however late that is reported."""
        with self._lock:
            self._asked = self._asked or _deletion_asked(pod["metadata"])
            if not self._terminated or (_state(pod).get("state") or {}).get("terminated"):
                self.pod = pod
        if self.started:
            self._running.set()

    def _follow(self) -> None:
        self._running.wait()
        if self._closed.is_set():
            return
        # What breaks off here costs lines of the log, not the verdict: that is the watch's.
        with suppress(ApiError, OSError, *_broken()):
            self._response = self._client.transport.stream(*self._address(follow="true"), _SILENT)
            if self._closed.is_set():
                shut(self._response)
            while chunk := self._response.read1(65_536):
                self.taken += len(chunk)
                self._take(chunk)
            self._response.close()
        self._ended.set()


def _deletion_asked(metadata: Mapping[str, Any]) -> datetime | None:
    """Return when a deletion was asked for: what stands there is when the pod's time to end is over.

    The kubelet asks once more at the pod's end, so the first one counts.
    """
    if not (end := metadata.get("deletionTimestamp")):
        return None
    return datetime.fromisoformat(end) - timedelta(seconds=metadata.get("deletionGracePeriodSeconds") or 0)


def _broken() -> tuple[type[Exception], ...]:
    import urllib3

    return (urllib3.exceptions.HTTPError, ValueError)


def _state(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    states = (pod.get("status") or {}).get("containerStatuses") or [{}]
    return dict(states[0])
