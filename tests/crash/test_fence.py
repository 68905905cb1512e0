"""A run that was paused, or can't renew its lease, changes nothing any more: what the next one does is its own."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.builtin.deploy.step import Deploy
from sternway_steps.config import Config, StepConfig
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.entries import Kind, new_run_id
from sternway_steps.journal.locks import lease
from sternway_steps.journal.locks.lock import held
from sternway_steps.journal.replay import Status
from sternway_steps.kube.fence import boottime
from sternway_steps.kube.transport import RequestLog
from sternway_steps.objects.run_annotation import run_of
from sternway_steps.saga.events import Event, StepProgress
from sternway_steps.session import Session
from sternway_steps.spec import Action, Outcome
from sternway_steps.step import Context

from tests.conftest import Cluster
from tests.faults.proxy import Proxy
from tests.forked import CONTEXT
from tests.helpers import config_map, config_of, until


def many(cluster: Cluster) -> int:
    return 150 if cluster.real else 60


def length(cluster: Cluster) -> float:
    """Return how many seconds a lease is long; the first run takes longer than that."""
    return 5.0 if cluster.real else 2.5


def wanted(cluster: Cluster, version: str) -> Config:
    objects = [config_map(f"m{number:03d}", version=version) for number in range(many(cluster))]
    return config_of(cluster.namespace, *objects, steps=(StepConfig("deploy", "deploy", retries=0),))


def _first(kubeconfig: str, config: dict[str, Any], run: str, length: float) -> None:
    lease.DURATION = length

    def slowly(request: RequestLog) -> None:
        if request.method == "PATCH" and "/configmaps/" in request.path:
            time.sleep(0.5)  # so that it can't be through before its lease has run out

    with Session(kubeconfig=kubeconfig, on_request=slowly) as session:
        os._exit(session.run(Config.from_dict(config), run=run).exit_code)


@pytest.fixture
def short(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "DURATION", length(cluster))


@contextmanager
def in_mid_deploy(cluster: Cluster, kubeconfig: str, run: str) -> Iterator[Any]:
    """Start the first run in a process of its own, and give that in the middle of its deploy."""
    config = wanted(cluster, "first").to_dict()
    process = CONTEXT.Process(target=_first, args=(kubeconfig, config, run, length(cluster)))
    process.start()
    try:
        until(lambda: len(maps(cluster)) >= 20, what="the first run deploys")
        yield process
    finally:
        process.kill()
        process.join(30)


def maps(cluster: Cluster) -> list[dict[str, Any]]:
    found = cluster.client.list("v1", "ConfigMap", cluster.namespace).items
    return [one for one in found if one["metadata"]["name"].startswith("m")]


def second(cluster: Cluster, midway: Callable[[], None]) -> Any:
    """Run the second version; `midway` is called once, when it has applied some of the objects."""
    seen: list[Event] = []
    called = threading.Event()

    def tell(event: Event) -> None:
        forward = isinstance(event, StepProgress) and event.action is Action.EXECUTE and event.progress.done
        seen.extend([event] if forward else [])
        if len(seen) >= 10 and not called.is_set():
            called.set()
            midway()

    with Session(kubeconfig=cluster.kubeconfig) as session:
        result = session.run(wanted(cluster, "second"), tell)
    assert called.is_set()
    return result


def all_is_the_second_ones(cluster: Cluster, first: str, run: str) -> None:
    live, mark = maps(cluster), f"{cluster.namespace}/{run}"
    wrong = [one["metadata"]["name"] for one in live if one["data"] != {"version": "second"} or run_of(one) != mark]
    assert (len(live), wrong) == (many(cluster), [])
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        assert session.story(first).status is Status.UNDONE
        records = session.locate(wanted(cluster, "second")).store.records(run)
        intents = [entry.data for record in records for entry in record.entries if entry.kind is Kind.INTENT]
        before = [one["before"] for data in intents for one in data["objects"]]
        assert before == [None] * many(cluster), "what it found is not what the first one left"
        assert session.rollback(run).status is Status.UNDONE
    until(lambda: maps(cluster) == [], what="the undo of the second leaves nothing of the first")


def test_a_run_that_was_stopped_for_longer_than_its_lease_changes_nothing_more(
    cluster: Cluster, short: None, tmp_path: Path
) -> None:
    first = new_run_id()
    with (
        Proxy(cluster.kubeconfig, tmp_path).serving() as proxy,
        in_mid_deploy(cluster, proxy.kubeconfig, first) as process,
    ):
        os.kill(process.pid, signal.SIGSTOP)

        def go_on() -> None:
            proxy.changes.clear()
            os.kill(process.pid, signal.SIGCONT)

        result = second(cluster, go_on)
        process.join(60)
        # What it had created in time, and only now learns of, it deletes by UID and resourceVersion: that is gone.
        late = [change for change in proxy.changes if "/leases/" not in change and not change.startswith("DELETE ")]
        # Who is stopped between the question and the request sends that one: its precondition is what holds it (below).
        assert len(late) <= 1, "it was sent all the same"
        assert (result.status, process.exitcode) == (Status.SUCCEEDED, Exit.TRANSIENT)
    all_is_the_second_ones(cluster, first, result.run)


@pytest.mark.parametrize("cut_off", ["renewal", "everything"])
def test_a_run_whose_renewals_hang_changes_nothing_more(
    cluster: Cluster, short: None, tmp_path: Path, cut_off: str
) -> None:
    """`everything`: a partition between the holder and the server, which heals when the second is at work."""
    first = new_run_id()
    with (
        Proxy(cluster.kubeconfig, tmp_path).serving() as proxy,
        in_mid_deploy(cluster, proxy.kubeconfig, first) as process,
    ):
        proxy.stall = lambda path: cut_off == "everything" or "/leases/" in path
        result = second(cluster, proxy.flow)
        process.join(60)
        assert (result.status, process.exitcode) == (Status.SUCCEEDED, Exit.TRANSIENT)
    all_is_the_second_ones(cluster, first, result.run)


def test_a_command_of_this_machine_has_ended_when_its_lease_does(cluster: Cluster, short: None, tmp_path: Path) -> None:
    """Nothing fences a program: it is killed in time, though it does not listen."""
    beats = tmp_path / "beats"
    script = f"trap '' TERM; while :; do cat /proc/uptime >> {beats}; sleep 0.1; done"
    step = StepConfig("on", "command", {"execute": ["sh", "-c", script]}, retries=0, effects="irreversible")
    config = config_of(cluster.namespace, steps=(step,))
    ended = []
    with Proxy(cluster.kubeconfig, tmp_path).serving() as proxy, Session(kubeconfig=proxy.kubeconfig) as first:
        running = threading.Thread(target=lambda: ended.append(first.run(config)))
        running.start()
        until(beats.exists, what="the command runs")
        proxy.stall = lambda path: "/leases/" in path
        with Session(kubeconfig=cluster.kubeconfig) as second:
            at = second.locate(config)
            with held(at.store.lock(at.target), "r2", threading.Event()):
                taken = boottime()
                time.sleep(1)  # in which one that lives would beat again
        assert float(beats.read_text().split("\n")[-2].split()[0]) < taken
        proxy.flow()
        running.join(60)
        assert [one.exit_code for one in ended] == [Exit.TRANSIENT]


class Stubborn(Deploy):
    """Deploys again and again, whatever it is told and whatever fails."""

    def __init__(self, beats: Path) -> None:
        self._beats = beats

    def execute(self, context: Context) -> Outcome:
        while True:
            with suppress(Exception):
                super().execute(context)
            with self._beats.open("a") as file:
                file.write(".")
            time.sleep(0.1)


def _forward(kubeconfig: str, config: dict[str, Any], run: str, length: float, beats: Path) -> None:
    lease.DURATION = length
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with Session(kubeconfig=kubeconfig, steps={"deploy": Stubborn(beats)}) as session:
        session.step(Config.from_dict(config), "deploy", Action.EXECUTE, run)


@pytest.mark.parametrize("how", ["told", "cut off"])
def test_an_execution_that_ignores_sigterm_changes_nothing_once_its_undo_is_at_work(
    cluster: Cluster, short: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """As after `argo stop`, when the forward pod lives on. `cut off`: it can't even be asked to leave."""
    monkeypatch.setattr(lease, "GRACE", 1.0)
    run, config, beats = new_run_id(), wanted(cluster, "first"), tmp_path / "beats"
    with Proxy(cluster.kubeconfig, tmp_path).serving() as proxy, Session(kubeconfig=cluster.kubeconfig) as session:
        arguments = (proxy.kubeconfig, config.to_dict(), run, length(cluster), beats)
        process = CONTEXT.Process(target=_forward, args=arguments)
        process.start()
        try:
            until(lambda: len(maps(cluster)) == many(cluster), what="the step deploys")
            os.kill(process.pid, signal.SIGTERM)  # type: ignore[arg-type]
            if how == "cut off":
                proxy.stall = lambda path: "/leases/" in path
            undone = session.step(config, "deploy", Action.ROLLBACK, run)
            assert (undone.status, undone.exit_code) == (Status.UNDONE, Exit.DONE)
            assert maps(cluster) == []
            proxy.changes.clear()
            proxy.flow()
            tried = beats.stat().st_size
            until(lambda: beats.stat().st_size > tried + 10, what="the execution tries again")
            assert process.is_alive()
        finally:
            process.kill()
            process.join(30)
        assert [change for change in proxy.changes if "/leases/" not in change] == [], "it was sent all the same"
        assert maps(cluster) == []
        with pytest.raises(Refused, match="being undone"):
            session.step(config, "deploy", Action.EXECUTE, run)
