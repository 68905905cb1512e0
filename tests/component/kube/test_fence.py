"""What may be sent, and until when: by a clock that the test holds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sternway_steps.errors import is_transient
from sternway_steps.journal.locks import lease
from sternway_steps.journal.locks.lease import LeaseLock
from sternway_steps.kube import transport
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client
from sternway_steps.kube.fence import Fence, LockLost, boottime
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import delay

from tests.conftest import Cluster
from tests.helpers import config_map, until

LEASE = "/leases/"


class Clock:
    """Goes on as time does, and jumps when it is told to: a machine that slept."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


def placed(cluster: Cluster, name: str = "m") -> dict[str, object]:
    obj = config_map(name, a="1")
    return {**obj, "metadata": {"name": name, "namespace": cluster.namespace}}


def opened(clock: Clock, length: float = 15.0) -> tuple[Fence, threading.Event]:
    fence, stop = Fence(clock), threading.Event()
    fence.open(stop, length, clock())
    return fence, stop


CHANGES: dict[str, Callable[[Client, Cluster], object]] = {
    "create": lambda client, cluster: client.create(placed(cluster, "new"), manager="test"),
    "apply": lambda client, cluster: client.apply(placed(cluster), manager="test"),
    "replace": lambda client, cluster: client.replace(
        client.get(Ref("v1", "ConfigMap", cluster.namespace, "m")) or {}, manager="test"
    ),
    "patch": lambda client, cluster: client.patch(
        Ref("v1", "ConfigMap", cluster.namespace, "m"), {"data": {"a": "2"}}, manager="test"
    ),
    "delete": lambda client, cluster: client.delete(Ref("v1", "ConfigMap", cluster.namespace, "m"), uid=None),
    "evict": lambda client, cluster: client.evict(Ref("v1", "Pod", cluster.namespace, "p"), uid="x"),
    "raw": lambda client, cluster: client.raw(
        "POST", f"/api/v1/namespaces/{cluster.namespace}/configmaps", body=placed(cluster, "raw")
    ),
}


@pytest.mark.parametrize("how", CHANGES)
@pytest.mark.parametrize("why", ["never opened", "given back", "slept for hours", "taken by somebody else"])
def test_nothing_is_changed_without_a_lease_that_outlives_it(
    cluster: Cluster, clock: Clock, how: str, why: str
) -> None:
    cluster.client.create(placed(cluster), manager="test")
    before = cluster.get("v1", "ConfigMap", "m")
    fence, stop = (Fence(clock), threading.Event()) if why == "never opened" else opened(clock)
    client = cluster.client.fenced(fence)
    if why == "given back":
        fence.shut()
    if why == "slept for hours":
        clock.ahead += 7200
    if why == "taken by somebody else":
        fence.lose()
    with pytest.raises(LockLost) as caught:
        CHANGES[how](client, cluster)
    assert is_transient(caught.value)
    assert cluster.get("v1", "ConfigMap", "m") == before
    assert {"new", "raw"}.isdisjoint(
        one["metadata"]["name"] for one in cluster.client.list("v1", "ConfigMap", cluster.namespace).items
    )
    lost = why in ("slept for hours", "taken by somebody else")
    assert (fence.lost.is_set(), stop.is_set()) == (lost, lost)


def test_what_changes_nothing_needs_no_lease(cluster: Cluster, clock: Clock) -> None:
    cluster.client.create(placed(cluster), manager="test")
    client, ref = cluster.client.fenced(Fence(clock)), Ref("v1", "ConfigMap", cluster.namespace, "m")
    live = client.get(ref)
    assert live is not None
    assert client.can_i("get", client.resource("v1", "ConfigMap"), cluster.namespace)
    client.create(placed(cluster, "new"), manager="test", dry_run=True)
    client.apply({**placed(cluster), "data": {"a": "2"}}, manager="test", dry_run=True, force=True)
    client.replace({**live, "data": {"a": "2"}}, manager="test", dry_run=True)
    client.delete(ref, uid=live["metadata"]["uid"], dry_run=True)
    assert client.get(ref) == live


def test_being_late_is_known_before_any_thread_says_so(clock: Clock) -> None:
    fence, stop = opened(clock)
    assert not fence.lost.is_set()
    clock.ahead += 15
    assert fence.lost.is_set()
    assert stop.is_set()


def test_a_request_ends_before_the_lease_does(cluster: Cluster, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its timeout is what is left, and the server is told to drop it by then."""
    fence, _ = opened(clock)
    clock.ahead += 9
    left = fence.admit("it")
    assert 4.9 < left <= 5.0
    query, limits = transport._limited({"a": "b"}, 30.0, left)
    assert query == {"a": "b", "timeout": f"{limits['read'] * 1000:.0f}ms"}
    assert limits["connect"] + limits["read"] <= left
    assert transport._limited(None, 30.0, float("inf")) == (None, {"connect": 5.0, "read": 30.0})
    sent = cluster.client.fenced(fence).create(placed(cluster), manager="test")
    assert sent["metadata"]["name"] == "m", "the server takes that"


@pytest.mark.cluster
def test_the_server_reads_the_timeout_of_a_request(real: Cluster) -> None:
    path = f"/api/v1/namespaces/{real.namespace}/configmaps"
    with pytest.raises(ApiError) as caught:
        real.client.raw("POST", path, query={"timeout": "soon"}, body=placed(real))
    assert caught.value.status == 400
    assert "timeout" in caught.value.message
    with pytest.raises(ApiError) as late:
        real.client.raw("POST", path, query={"timeout": "1us"}, body=placed(real))
    assert late.value.status == 504
    assert real.get("v1", "ConfigMap", "m") is None, "what came too late is not done"


def test_one_that_has_too_little_left_waits_for_a_renewal(clock: Clock) -> None:
    fence, _ = opened(clock)
    clock.ahead += 13  # 1 s of the 2 that are left is margin
    timer = threading.Timer(0.3, lambda: fence.extend(15.0, clock()))
    timer.start()
    began = time.monotonic()
    assert fence.admit("it") > 13
    assert time.monotonic() - began >= 0.25


@pytest.fixture
def held(sternway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Client, LeaseLock]]:
    monkeypatch.setattr(lease, "DURATION", 1.0)
    client = Client.connect(sternway_sandbox.kubeconfig)
    lock = LeaseLock(client, "default", "t")
    lock.acquire("r1", threading.Event())
    yield client.fenced(lock.fence), lock
    lock.release()
    client.close()


def test_a_renewal_that_hangs_is_no_renewal(sternway_sandbox: Sandbox, held: tuple[Client, LeaseLock]) -> None:
    client, lock = held
    sternway_sandbox.faults.when(lambda request: LEASE in request.path, delay(5), times=99)
    began = time.monotonic()
    until(lambda: lock.lost.is_set(), 10)
    assert time.monotonic() - began < 4.5, "it does not wait for the answer"
    with pytest.raises(LockLost):
        client.apply({**config_map("m"), "metadata": {"name": "m", "namespace": "default"}}, manager="test")
    sternway_sandbox.faults.reset()


def test_an_answer_that_is_late_makes_the_lease_longer(
    sternway_sandbox: Sandbox, held: tuple[Client, LeaseLock]
) -> None:
    """Admission may take its time: what is given up for the lease's sake is tried again with a longer one."""
    client, lock = held
    sternway_sandbox.faults.when(lambda request: request.method == "PATCH", delay(1.3), times=3)
    obj = {**config_map("m", a="1"), "metadata": {"name": "m", "namespace": "default"}}
    assert client.apply(obj, manager="test").obj["data"] == {"a": "1"}
    assert lock.fence.wanted == 3.0
    live = client.get(Ref("coordination.k8s.io/v1", "Lease", "default", "sternway-t"))
    assert live is not None
    assert live["spec"]["leaseDurationSeconds"] == 3, "who watches has to wait as long"


def test_the_clock_counts_a_suspended_machine_where_it_can() -> None:
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    assert abs(boottime() - time.clock_gettime(clock)) < 1


def test_what_no_precondition_holds_back_begins_only_while_the_lease_outlives_it(clock: Clock) -> None:
    fence, stop = opened(clock)
    fence.require("a push", 10)
    clock.ahead = 8
    renewing = threading.Timer(0.2, lambda: fence.extend(15, clock()))
    renewing.start()
    began = time.monotonic()
    fence.require("a push", 10)
    assert time.monotonic() - began >= 0.15, "it waits for the renewal"
    clock.ahead = 8 + 16
    with pytest.raises(LockLost, match="a push was not begun"):
        fence.require("a push", 1)
    assert not stop.is_set()
    assert fence.runs_out()
    assert stop.is_set(), "the run ends"


def test_a_lease_is_made_longer_for_what_takes_longer(cluster: Cluster) -> None:
    lock = LeaseLock(cluster.client, cluster.namespace, "t")
    lock.acquire("r1", threading.Event())
    lock.fence.require("a push", 40)
    held = cluster.get("coordination.k8s.io/v1", "Lease", lock.name)
    assert held is not None
    assert held["spec"]["leaseDurationSeconds"] >= 40
    lock.release()
    with pytest.raises(LockLost):
        lock.fence.require("a push", 1)


def test_a_step_is_told_a_moment_before_the_target_is_lost(clock: Clock) -> None:
    fence, _ = opened(clock)
    assert not Fence(clock).runs_out(), "who has to hold nothing loses nothing"
    clock.ahead = 11.5
    assert not fence.runs_out()
    clock.ahead = 12.5
    assert fence.runs_out()
    assert not fence.lost.is_set(), "the lease itself still stands"


def test_a_target_that_is_held_without_an_end_is_held_long_enough() -> None:
    """As by a lock of files, which is held for as long as its process lives."""
    fence = Fence()
    fence.open(threading.Event())
    fence.require("a push", 40)
