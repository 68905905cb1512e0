"""Follows the logs of the pods that come while a run goes on and belong to what it deploys."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.container_log import ContainerLog
from ..kube.watch import SYNC, Watches
from ..objects.pod_owner import owners_of
from ..objects.ref import Ref

if TYPE_CHECKING:
    from ..kube.client import Client

PODS = 3
"""Pods of one workload whose logs are followed at the same time: the others say the same (nelm follows one)."""
_LOGS = 30
"""Logs that are followed at the same time: each has a connection."""
_FIRST_LOOK = 5.0
_LAST_LOOK = 1.0
_LAST_LINES = 3.0

Tell = Callable[[Ref, str, str, str, str], None]
"""Takes a line: the object whose pod it is, the pod, the container, the time of the line, the line."""


class NewPods:
    """The pods that are not there yet when this starts; of one that restarts later, it is an old one all the same.

    Args:
        client: the cluster.
        refs: what is deployed.
        tell: is given each line, in threads.
        note: is told what is not shown, and why; each of it once.
        secrets: values that are never shown.

    """

    def __init__(
        self, client: Client, refs: Iterable[Ref], tell: Tell, note: Callable[[str], None], secrets: Iterable[bytes]
    ) -> None:
        self._client, self._tell, self._note, self._secrets = client, tell, note, tuple(secrets)
        self._refs = {(ref.namespace, ref.kind, ref.name): ref for ref in refs if ref.namespace}
        self._namespaces = sorted({ref.namespace or "" for ref in self._refs.values()})
        self._lock, self._saying = threading.Lock(), threading.Lock()
        self._noted: set[str] = set()
        self._old: set[str] = set()
        self._logs: dict[tuple[str, str], ContainerLog] = {}
        self._pods: defaultdict[Ref, set[str]] = defaultdict(set)
        self._watches = Watches(client)
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Look which pods are there, and follow those that come."""
        looked = []
        for namespace in self._namespaces:
            done = threading.Event()
            thread = threading.Thread(target=self._watch, args=(namespace, done), name="sternway-new-pods", daemon=True)
            thread.start()
            self._threads.append(thread)
            looked.append(done)
        end = time.monotonic() + _FIRST_LOOK
        for done in looked:
            done.wait(max(0.0, end - time.monotonic()))

    def stop(self) -> None:
        """Follow no more: what was written until now is told. Does not wait for it."""
        if self._watches.closed.is_set():
            return
        # The last lines are those that matter, and the watch may not have told of their pods yet.
        look = threading.Thread(target=self._look_again, name="sternway-new-pods", daemon=True)
        look.start()
        look.join(_LAST_LOOK)
        self._watches.close()
        with self._lock:
            logs = list(self._logs.values())
        for log in logs:
            log.stop()

    def close(self) -> None:
        """Stop, and return when nothing more is told; what a server is slow to give is let go."""
        self.stop()
        end = time.monotonic() + _LAST_LINES
        joins = [each.join for each in self._logs.values()] + [each.join for each in self._threads]
        for join in joins:
            join(max(0.0, end - time.monotonic()))

    def _watch(self, namespace: str, looked: threading.Event) -> None:
        try:
            for change, pod in self._watches.follow("v1", "Pod", namespace):
                if change == SYNC:
                    looked.set()
                elif not looked.is_set():
                    self._old.add(pod["metadata"]["uid"])
                else:
                    self._see(pod, gone=change == "DELETED")
        except ApiError as error:
            self._say(f"the logs of pods in {namespace} can't be followed: {error.message}")
        finally:
            looked.set()

    def _look_again(self) -> None:
        with suppress(ApiError):
            for namespace in self._namespaces:
                for pod in self._client.list("v1", "Pod", namespace).items:
                    self._see(pod, gone=False)

    def _see(self, pod: Mapping[str, Any], *, gone: bool) -> None:
        uid = pod["metadata"]["uid"]
        ref = self._deployed(pod) if uid not in self._old else None
        if ref is None:
            return
        with self._lock:
            if not self._watches.closed.is_set() and self._admits(ref, uid):
                for status, over in _started(pod, gone=gone):
                    self._follow(ref, pod, status["name"]).see(status, pod_is_over=over)

    def _deployed(self, pod: Mapping[str, Any]) -> Ref | None:
        namespace = pod["metadata"].get("namespace")
        return next((ref for kind, name in owners_of(pod) if (ref := self._refs.get((namespace, kind, name)))), None)

    def _admits(self, ref: Ref, uid: str) -> bool:
        """Tell whether a pod's logs are followed; of several of one workload, the first ones are."""
        pods = self._pods[ref]
        if uid in pods:
            return True
        at_work = {pod for (pod, _), log in self._logs.items() if not log.over}
        if len(pods & at_work) >= PODS or len(at_work) >= _LOGS:
            self._say(f"{ref}: it has more pods than those whose logs are shown")
            return False
        pods.add(uid)
        return True

    def _follow(self, ref: Ref, pod: Mapping[str, Any], container: str) -> ContainerLog:
        uid, name, namespace = (pod["metadata"][key] for key in ("uid", "name", "namespace"))
        if (uid, container) not in self._logs:
            self._logs[uid, container] = ContainerLog(
                self._client,
                f"/api/v1/namespaces/{namespace}/pods/{name}/log",
                container,
                lambda time, line: self._tell(ref, name, container, time, line),
                lambda error: self._say(f"logs are not shown: {error.message}"),
                self._secrets,
            )
        return self._logs[uid, container]

    def _say(self, text: str) -> None:
        """Tell a remark once."""
        with self._saying:
            if text in self._noted:
                return
            self._noted.add(text)
        self._note(text)


def _started(pod: Mapping[str, Any], *, gone: bool) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield the status of each container that has ever run, and whether it will run no more."""
    status = pod.get("status") or {}
    over = gone or status.get("phase") in ("Succeeded", "Failed")
    for kind in ("initContainerStatuses", "containerStatuses"):
        for each in status.get(kind) or []:
            if each.get("containerID") or each.get("lastState"):
                done = "init" in kind and (each.get("state") or {}).get("terminated", {}).get("exitCode") == 0
                yield each, over or done
