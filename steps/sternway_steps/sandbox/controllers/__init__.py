"""Small controllers that bring objects to life; each is a function that looks at all objects and makes one change.

They are level-triggered like the real ones: after every change all of them run again, until nothing is left to do.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from ..api import Api
from ..status import StatusError
from . import (
    daemonset,
    definitions,
    deployment,
    endpoints,
    garbage_collector,
    job,
    kubelet,
    replicaset,
    statefulset,
    storage,
)
from .world import World

_IDLE = 60.0


class Controllers:
    """Runs the controllers in one thread."""

    def __init__(self, api: Api) -> None:
        self._world = World(api)
        self._kubelet = kubelet.Kubelet(self._world)
        self._thread = threading.Thread(target=self._run, name="sandbox-controllers", daemon=True)
        self._stop = threading.Event()

    def start(self) -> None:
        """Start the thread."""
        garbage_collector.create_defaults(self._world)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it; the store must be closed first."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        store = self._world.api.store
        looks: tuple[Callable[[World], float | None], ...] = (
            definitions.reconcile, garbage_collector.reconcile, deployment.reconcile, replicaset.reconcile,
            statefulset.reconcile, daemonset.reconcile, job.reconcile, storage.reconcile, endpoints.reconcile,
        )  # fmt: skip
        while not self._stop.is_set():
            seen = store.version
            due = math.inf
            for look in looks:
                try:
                    due = min(due, look(self._world) or math.inf)
                except StatusError:
                    continue  # somebody else wrote in between: the next look sees it
            due = min(due, self._kubelet.reconcile())
            store.wait(seen, max(0.0, min(_IDLE, due - time.monotonic())))
