"""One holder a target: who may come beside whom, who is taken over and when, and what is left behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.errors import Transient
from sternway_steps.journal.locks import lease as module
from sternway_steps.journal.locks.file_lock import FileLock
from sternway_steps.journal.locks.holder import Holder
from sternway_steps.journal.locks.lease import LeaseLock
from sternway_steps.journal.locks.lock import Lock
from sternway_steps.journal.locks.members import Member, members, with_members
from sternway_steps.kube.client import Client
from sternway_steps.kube.fence import LockLost
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import Fault, cut, fail
from sternway_steps.spec import Action

from tests.conftest import Cluster
from tests.helpers import until

NEVER = threading.Event()


@pytest.fixture
def short(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """Make leases short; a real server that is busy needs some time to renew them."""
    length = 3.0 if "real" in request.node.name else 1.0
    monkeypatch.setattr(module, "DURATION", length)
    monkeypatch.setattr(module, "_POLL", 0.05)
    return length


@pytest.fixture(params=["file", "sandbox", pytest.param("real", marks=pytest.mark.cluster)])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Lock, Lock]]:
    """Give two locks of one target, as two processes have them."""
    if request.param == "file":
        yield FileLock(tmp_path / "t.lock"), FileLock(tmp_path / "t.lock")
        return
    if request.param == "real":
        cluster: Cluster = request.getfixturevalue("real")
        kubeconfig, namespace = cluster.kubeconfig, cluster.namespace
    else:
        kubeconfig, namespace = request.getfixturevalue("sternway_sandbox").kubeconfig, "default"
    clients = Client.connect(kubeconfig), Client.connect(kubeconfig)
    yield LeaseLock(clients[0], namespace, "t"), LeaseLock(clients[1], namespace, "t")
    for client in clients:
        client.close()


def ref(cluster: Cluster) -> Ref:
    return Ref("coordination.k8s.io/v1", "Lease", cluster.namespace, "sternway-t")


def lock_of(cluster: Cluster, **how: Any) -> LeaseLock:
    return LeaseLock(cluster.client, cluster.namespace, "t", **how)


def left_by(cluster: Cluster, *found: Member, length: float = 1.0) -> dict[str, Any]:
    """Put a Lease that nobody renews."""
    metadata = {"name": "sternway-t", "namespace": cluster.namespace}
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
    return cluster.client.create(with_members(body, found, length), manager="test")


def member(holder: Holder, part: str = "") -> Member:
    return Member(holder, part, "0", "2026-01-01T00:00:00.000000Z")


def dead(run: str) -> Holder:
    """Give a process of this machine that has ended, in the form in which it wrote itself."""
    script = f"from sternway_steps.journal.locks.holder import Holder; print(Holder.me({run!r}))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    holder = Holder.parse(ended.stdout.strip())
    assert holder is not None
    return holder


def elsewhere(run: str, **changed: Any) -> Holder:
    """Give a holder of another PID namespace on a host of the same name, with a number that nobody has here."""
    token, boot, _, started = Holder.me(run).token.split("/")
    return replace(Holder.me(run), pid=2**22 + 1, token=f"{token}/{boot}/pid:[1],time:[1]/{started}", **changed)


def taken_within(lock: Lock, run: str, seconds: float, part: str = "", step: Action | None = None) -> float:
    began = time.monotonic()
    (lock.part(part) if part else lock).acquire(run, NEVER, step)
    lasted = time.monotonic() - began
    assert lasted < seconds
    return lasted


def test_it_is_held_by_one_and_says_by_whom(pair: tuple[Lock, Lock], short: float) -> None:
    one, two = pair
    one.acquire("r1", NEVER)
    assert (two.holder() or elsewhere("")).run == "r1"
    with pytest.raises(Transient, match=rf"run r1 on {socket.gethostname()}, pid \d+, since 20\d\d-\d\d-\d\d \d\d:"):
        two.acquire("r2", NEVER)
    one.release()
    taken_within(two, "r2", 1)
    two.release()
    assert two.holder() is None


def test_parts_of_one_run_hold_it_together(pair: tuple[Lock, Lock], short: float) -> None:
    one, two = pair
    first, second = one.part("a"), two.part("b")
    first.acquire("r1", NEVER)
    second.acquire("r1", NEVER)
    assert first.fence is one.fence
    for run, lock in (("r2", one.part("c")), ("r2", two), ("r1", two), ("r1", two.part("a"))):
        with pytest.raises(Transient, match="run r1"):
            lock.acquire(run, NEVER)
    # Those that were refused are other objects on the same fence, as a second process would have its own.
    first.release()
    with pytest.raises(Transient, match="run r1"):
        two.part("c").acquire("r2", NEVER)
    again = one.part("a")
    again.acquire("r1", NEVER)
    again.release()
    second.release()
    taken_within(one, "r2", 1)
    with pytest.raises(Transient, match="run r2"):
        two.part("a").acquire("r1", NEVER)
    one.release()


def test_who_is_told_to_waits(pair: tuple[Lock, Lock], short: float) -> None:
    one, two = pair
    two._wait = 20.0  # type: ignore[attr-defined]
    one.acquire("r1", NEVER)
    timer = threading.Timer(2, one.release)
    timer.start()
    assert taken_within(two, "r2", 10) > 1.5
    two.release()


def test_who_waits_is_stopped(pair: tuple[Lock, Lock], short: float) -> None:
    one, two = pair
    two._wait, stop = 60.0, threading.Event()  # type: ignore[attr-defined]
    one.acquire("r1", NEVER)
    threading.Timer(0.5, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Transient, match="run r1"):
        two.acquire("r2", stop)
    assert time.monotonic() - began < 10
    one.release()


def test_an_undo_has_an_execution_of_its_own_run_give_the_target_up(
    cluster: Cluster, short: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE", 1.0)
    forward, stop = lock_of(cluster), threading.Event()
    forward.acquire("r1", stop, Action.EXECUTE)
    with pytest.raises(Transient, match="run r1"):
        lock_of(cluster).acquire("r2", NEVER, Action.ROLLBACK)
    assert not forward.lost.is_set()
    undo = lock_of(cluster)
    assert taken_within(undo, "r1", 1 + 5 * short + 5, step=Action.ROLLBACK) >= 1 + short / 2
    assert stop.is_set()
    with pytest.raises(LockLost):
        forward.fence.admit("a change")
    forward.release()
    assert [one.holder.run for one in members(cluster.client.get(ref(cluster)))] == ["r1"], "it is the undo's"
    assert not undo.lost.is_set()
    undo.release()


@pytest.mark.parametrize("step", [None, Action.ROLLBACK])
def test_a_whole_run_and_an_undo_give_nothing_up(
    cluster: Cluster, short: float, monkeypatch: pytest.MonkeyPatch, step: Action | None
) -> None:
    monkeypatch.setattr(module, "GRACE", 0.5)
    one = lock_of(cluster)
    one.acquire("r1", NEVER, step)
    with pytest.raises(Transient, match="run r1"):
        lock_of(cluster).acquire("r1", NEVER, Action.ROLLBACK)
    assert not one.lost.wait(short)
    one.release()


def test_who_ends_within_its_grace_is_not_asked(cluster: Cluster, short: float) -> None:
    forward, undo = lock_of(cluster), lock_of(cluster)
    forward.acquire("r1", NEVER, Action.EXECUTE)
    timer = threading.Timer(1.5, forward.release)
    timer.start()
    taken_within(undo, "r1", 6, step=Action.ROLLBACK)
    assert not forward.lost.is_set()
    undo.release()


def test_what_the_holder_does_is_told(cluster: Cluster, short: float) -> None:
    one = lock_of(cluster)
    one.acquire("r1", NEVER)
    with pytest.raises(Transient, match="executing step deploy of r1"):
        lock_of(cluster, doing=lambda run: f"executing step deploy of {run}").acquire("r2", NEVER)
    one.release()


def test_a_process_that_provably_died_is_taken_over_at_once(cluster: Cluster) -> None:
    left_by(cluster, member(dead("r0")), length=15)
    lock = lock_of(cluster)
    assert lock.holder() is None
    taken_within(lock, "r1", 5)
    lock.release()


def test_a_number_that_another_process_has_now_proves_death(cluster: Cluster) -> None:
    token, boot, spaces, _ = Holder.me("r0").token.split("/")
    assert Holder.me("r0").is_dead() is False
    left_by(cluster, member(replace(Holder.me("r0"), token=f"{token}/{boot}/{spaces}/1")), length=15)
    lock = lock_of(cluster)
    taken_within(lock, "r1", 5)
    lock.release()


@pytest.mark.parametrize("made", ["another PID namespace", "another boot", "an older version"])
def test_a_name_of_a_host_and_a_number_prove_nothing(cluster: Cluster, short: float, made: str) -> None:
    gone = elsewhere("r0")
    if made == "another boot":
        gone = replace(dead("r0"), token="x/another-boot/pid:[1]/1")
    if made == "an older version":
        gone = Holder("r0", socket.gethostname(), 2**22 + 1, "x")
    left_by(cluster, member(gone), length=short)
    lock = lock_of(cluster)
    assert taken_within(lock, "r1", 20) >= short
    lock.release()


def test_a_holder_whose_clock_is_behind_is_respected(cluster: Cluster, short: float) -> None:
    """What it writes as renewTime is 90 s old at once; and it is of an older version, without a list of members."""
    stop = threading.Event()

    def renew() -> None:
        while not stop.wait(0.3):
            live = cluster.client.get(ref(cluster))
            assert live is not None
            late = (datetime.now(UTC) - timedelta(seconds=90)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            spec = {**live["spec"], "renewTime": late, "holderIdentity": "r0 another-host 1 x"}
            cluster.client.replace({**live, "spec": spec}, manager="test")

    left_by(cluster, member(elsewhere("r0")))
    thread = threading.Thread(target=renew)
    thread.start()
    try:
        until(lambda: members(cluster.client.get(ref(cluster)))[0].holder.host == "another-host")
        with pytest.raises(Transient, match="run r0 on another-host, pid 1"):
            lock_of(cluster).acquire("r1", NEVER)
    finally:
        stop.set()
        thread.join()


def test_a_pause_of_the_watcher_proves_nothing(cluster: Cluster, short: float) -> None:
    """Its clock jumps by hours between two looks; the holder has renewed meanwhile."""
    from sternway_steps.journal.locks.watch import Watch

    ahead = [0.0]
    watch = Watch(lambda: time.monotonic() + ahead[0])
    one = lock_of(cluster)
    one.acquire("r1", NEVER)
    seen: list[str] = []

    def read() -> Any:
        live = cluster.client.get(ref(cluster))
        if seen:  # the pause lies within the request
            ahead[0] += 7200
        seen.append(members(live)[0].beat)
        return live

    assert [each.holder.run for each in watch.living(read)[1]] == ["r1"]
    assert [each.holder.run for each in watch.living(read)[1]] == ["r1"], "the pause was after the question"
    until(lambda: members(cluster.client.get(ref(cluster)))[0].beat != seen[-1])
    assert [each.holder.run for each in watch.living(read)[1]] == ["r1"], "it was seen to renew"
    one.release()


def test_one_that_died_beside_others_keeps_nobody_of_its_run_away(cluster: Cluster) -> None:
    other = lock_of(cluster).part("b")
    left_by(cluster, member(dead("r1"), "a"), member(Holder.me("r1"), "c"), length=15)
    other.acquire("r1", NEVER)
    lock = lock_of(cluster).part("a")
    taken_within(lock, "r1", 5)
    assert {one.part for one in members(cluster.client.get(ref(cluster)))} == {"a", "b", "c"}
    lock.release()
    other.release()


@pytest.mark.parametrize("whose", ["taken over", "made anew"])
def test_what_is_not_its_own_is_left_behind(cluster: Cluster, whose: str) -> None:
    """An older version takes over with the list of members still there: the identity tells."""
    lock = lock_of(cluster)
    lock.acquire("r1", NEVER)
    live = cluster.client.get(ref(cluster))
    assert live is not None
    if whose == "taken over":
        spec = {**live["spec"], "holderIdentity": "r2 elsewhere 1 x"}
        cluster.client.patch(ref(cluster), {"spec": spec}, manager="test")
    else:
        cluster.client.delete(ref(cluster), uid=live["metadata"]["uid"], propagation="Background")
        left_by(cluster, member(elsewhere("r2")))
    lock.release()
    assert [one.holder.run for one in members(cluster.client.get(ref(cluster)))] == ["r2"]


FAULTS = {
    "429": fail(429, Retry_After="0"), "500": fail(500), "503": fail(503), "cut before": cut(), "cut after": cut(before=False),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_fault_while_it_is_taken_or_given_back_is_no_matter(
    sternway_sandbox: Sandbox, method: str, fault: Fault
) -> None:
    client = Client.connect(sternway_sandbox.kubeconfig)
    cluster = Cluster(sternway_sandbox.kubeconfig, client, "default", real=False)
    if method == "PUT":  # the lease of another process, which is taken over
        left_by(cluster, member(dead("r0")))
    lock = lock_of(cluster)
    sternway_sandbox.faults.when(lambda request: request.method == method, fault)
    lock.acquire("r1", NEVER)
    assert (lock.holder() or elsewhere("")).run == "r1"
    lock.release()
    assert client.list("coordination.k8s.io/v1", "Lease", "default").items == []
    client.close()
