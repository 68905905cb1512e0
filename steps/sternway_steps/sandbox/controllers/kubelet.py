"""The scheduler and the kubelet of the one node: pods are scheduled, pulled, started, probed and removed."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from ..behaviour import behaviour_of, evicted_after
from ..identity import now
from ..quantities import number
from ..status import StatusError
from . import timing
from .containers import Life, live, same
from .garbage_collector import NODE
from .readiness_gates import others, unmet
from .settings import unmounted, unset
from .world import Obj, World, condition

_CPUS, _MEMORY = 64.0, 256 * 1024**3


class Kubelet:
    """Remembers when it first saw each pod; all else follows from the time since then."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: dict[str, float] = {}
        self._told: set[tuple[str, str, str]] = set()
        self._addresses: dict[str, str] = {}

    def reconcile(self) -> float:
        """Reconcile every pod; return when to look again (time.monotonic)."""
        due, here = math.inf, time.monotonic()
        pods = self._world.all("v1", "Pod")
        for pod in pods:
            try:
                due = min(due, self._one(pod, here))
            except StatusError:
                due = min(due, here + 0.01)  # somebody wrote in between
        gone = self._seen.keys() - {p["metadata"]["uid"] for p in pods}
        for uid in gone:
            del self._seen[uid]
            self._addresses.pop(uid, None)
        return due

    def _one(self, pod: Obj, here: float) -> float:
        uid = pod["metadata"]["uid"]
        if pod["metadata"].get("deletionTimestamp"):
            if not pod["metadata"].get("finalizers"):
                self._world.delete(pod, grace=0)
            return math.inf
        if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return math.inf
        if refused := _fits_nowhere(pod):
            self._tell(pod, [("FailedScheduling", refused, True)])
            before = (pod.get("status") or {}).get("conditions")
            status = {
                "phase": "Pending",
                "conditions": [condition("PodScheduled", False, "Unschedulable", refused, before)],
            }
            if not same(pod.get("status"), status):
                self._world.set_status(pod, status)
            return math.inf
        if "nodeName" not in pod["spec"]:
            self._tell(pod, [("Scheduled", f"Successfully assigned {pod['metadata']['name']} to {NODE}", False)])
            self._world.update(pod, spec={**pod["spec"], "nodeName": NODE})
            return here
        if not any(map(_runs, _statuses(pod))) and (absent := unmounted(self._world, pod)):
            self._tell(pod, [("FailedMount", absent, True)])
            self._seen[uid] = here  # its containers begin once it is there
            self._lives(pod, 0.0, here)
            return math.inf
        elapsed = here - self._seen.setdefault(uid, here)
        if (limit := evicted_after(pod)) is not None:
            if elapsed >= limit:
                self._evict(pod)
                return math.inf
            return min(here + limit - elapsed, self._lives(pod, elapsed, here))
        return self._lives(pod, elapsed, here)

    def _evict(self, pod: Obj) -> None:
        """End a pod as the kubelet does that needs its resources: it is Failed, and stays."""
        text = "The node was low on resource: ephemeral-storage."
        self._tell(pod, [("Evicted", text, True)])
        status = {key: value for key, value in (pod.get("status") or {}).items() if key != "containerStatuses"}
        why = condition("DisruptionTarget", True, "TerminationByKubelet", text)
        conditions = [*(c for c in status.get("conditions") or [] if c["type"] != "Ready"), why]
        self._world.set_status(
            pod, {**status, "phase": "Failed", "reason": "Evicted", "message": text, "conditions": conditions}
        )

    def _lives(self, pod: Obj, elapsed: float, here: float) -> float:
        status, due = self._status(pod, elapsed)
        if not same(pod.get("status"), status):
            self._world.set_status(pod, status)
        return here + max(0.0, due - elapsed) if due != math.inf else math.inf

    def _status(self, pod: Obj, elapsed: float) -> tuple[Obj, float]:
        spec = pod["spec"]
        policy = spec.get("restartPolicy", "Always")
        begin, inits, due = 0.0, [], math.inf
        blocked = False
        for container in spec.get("initContainers") or []:
            life = self._life(
                pod,
                container,
                elapsed - begin if not blocked else 0.0,
                "Never" if policy == "Never" else "OnFailure",
                is_init=True,
            )
            inits.append(life)
            if not blocked:
                due = min(due, begin + life.next)
                blocked = life.code != 0
                begin += _length(container)
        lives = [
            self._life(pod, c, elapsed - begin if not blocked else 0.0, policy, is_init=False)
            for c in spec["containers"]
        ]
        if not blocked:
            due = min([due, *(begin + life.next for life in lives)])
        return self._assembled(pod, inits, lives, policy), due

    def _life(self, pod: Obj, container: Mapping[str, Any], elapsed: float, policy: str, *, is_init: bool) -> Life:
        here = any(one["name"] == container["name"] and _runs(one) for one in _statuses(pod))
        missing = "" if here else unset(self._world, pod, container)  # what runs has read its variables
        life = live(container, elapsed, restarts=policy, is_init=is_init, missing=missing)
        if elapsed > 0:
            self._tell(pod, life.events)
        return life

    def _assembled(self, pod: Obj, inits: list[Life], lives: list[Life], policy: str) -> Obj:
        before = (pod.get("status") or {}).get("conditions")
        initialised = all(life.code == 0 for life in inits)
        up = initialised and all(life.ready for life in lives)
        codes = [life.code for life in lives]
        phase = (
            "Running"
            if initialised
            and any("running" in li.status["state"] or li.status["restartCount"] or li.code is not None for li in lives)
            else "Pending"
        )
        if all(code is not None for code in codes):
            phase = "Failed" if any(codes) else "Succeeded"
        if policy == "Never" and any(life.code for life in inits):
            phase = "Failed"
        names = ", ".join(life.status["name"] for life in lives if not life.ready)
        text = f"containers with unready status: [{names}]"
        here = condition("ContainersReady", up, "" if up else "ContainersNotReady", "" if up else text, before)
        gates = unmet(pod) if up else ""
        reason = "ReadinessGatesNotReady" if gates else here["reason"]
        ready = [condition("Ready", up and not gates, reason, gates or here["message"], before), here]
        status: Obj = {
            "phase": phase, "hostIP": "10.0.0.1", "podIP": self._address(pod), "startTime": (pod.get("status") or {}).get("startTime") or now(),
            "conditions": [condition("Initialized", initialised, "", "", before), *ready, condition("PodScheduled", True, "", "", before), *others(pod)],
            "containerStatuses": [life.status for life in lives],
        }  # fmt: skip
        if inits:
            status["initContainerStatuses"] = [life.status for life in inits]
        return status

    def _tell(self, pod: Obj, events: list[tuple[str, str, bool]]) -> None:
        for reason, message, warning in events:
            key = (pod["metadata"]["uid"], reason, message)
            if key not in self._told:
                self._told.add(key)
                self._world.event(pod, reason, message, warning=warning)

    def _address(self, pod: Obj) -> str:
        number = len(self._addresses)
        return self._addresses.setdefault(pod["metadata"]["uid"], f"10.244.{number // 250 % 250}.{number % 250 + 2}")


def _statuses(pod: Obj) -> list[Obj]:
    status = pod.get("status") or {}
    return [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]


def _runs(status: Obj) -> bool:
    return "running" in (status.get("state") or {})


def _length(container: Mapping[str, Any]) -> float:
    return timing.PULL + timing.START + behaviour_of(container, ends=True).after


def _fits_nowhere(pod: Obj) -> str:
    labels = {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"}
    spec = pod["spec"]
    if any(labels.get(k) != v for k, v in (spec.get("nodeSelector") or {}).items()):
        return "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    requests = [(c.get("resources") or {}).get("requests") or {} for c in spec["containers"]]
    if sum(number(r.get("cpu", "0")) for r in requests) > _CPUS:
        return "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    if sum(number(r.get("memory", "0")) for r in requests) > _MEMORY:
        return "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    return ""
