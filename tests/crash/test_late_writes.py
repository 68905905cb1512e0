"""A write that the network kept until the run that sent it was undone is undone again by whoever deploys next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import Config, StepConfig
from sternway_steps.exits import Exit
from sternway_steps.journal.entries import Kind, new_run_id
from sternway_steps.journal.locks import lease
from sternway_steps.journal.replay import Status
from sternway_steps.objects.run_annotation import run_of
from sternway_steps.saga.events import Event, StepStarted
from sternway_steps.session import Session
from sternway_steps.spec import Action

from tests.conftest import Cluster
from tests.faults.proxy import Proxy
from tests.helpers import config_map, config_of, state_of, until

DEPLOY = StepConfig("deploy", "deploy", retries=0)


@pytest.fixture(autouse=True)
def short(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "DURATION", 4.0 if cluster.real else 1.5)


def wanted(cluster: Cluster, version: str, *names: str) -> Config:
    return config_of(cluster.namespace, *(config_map(name, version=version) for name in names), steps=(DEPLOY,))


def late(cluster: Cluster) -> Any:
    return cluster.get("v1", "ConfigMap", "late")


@contextmanager
def cut_off(cluster: Cluster, folder: Path, run: str) -> Iterator[Proxy]:
    """Give the proxy that keeps a run's write of `late`, and its renewals; the run has lost its lease by then."""
    ended = []
    with Proxy(cluster.kubeconfig, folder).serving() as proxy, Session(kubeconfig=proxy.kubeconfig) as session:
        config = wanted(cluster, "first", "early", "late")
        sent = f"PATCH /api/v1/namespaces/{cluster.namespace}/configmaps/late"
        proxy.stall = lambda path: "/configmaps/late?" in path or ("/leases/" in path and sent in proxy.changes)
        first = threading.Thread(target=lambda: ended.append(session.run(config, run=run)))
        first.start()
        until(lambda: sent in proxy.changes, what="the first run writes")
        first.join(60)
        assert [one.exit_code for one in ended] == [Exit.TRANSIENT]
        yield proxy
        proxy.flow()


def landing(cluster: Cluster, proxy: Proxy, run: str) -> Callable[[Event], None]:
    """Let the write land when the deploy of the second run begins: the first one is undone by then."""

    def tell(event: Event) -> None:
        if isinstance(event, StepStarted) and event.action is Action.EXECUTE:
            assert (run_of(late(cluster)) or "").rpartition("/")[2] != run
            proxy.flow()
            until(lambda: (run_of(late(cluster)) or "").rpartition("/")[2] == run, what="the late write lands")

    return tell


def before_of(session: Session, config: Config, run: str) -> dict[str, Any]:
    records = session.locate(config).store.records(run)
    intents = [entry.data for record in records for entry in record.entries if entry.kind is Kind.INTENT]
    return {one["applied"]["metadata"]["name"]: one["before"] for data in intents for one in data["objects"]}


@pytest.mark.parametrize("there", [False, True], ids=["created", "changed"])
@pytest.mark.parametrize("names", [("early", "late"), ("early",)], ids=["of both", "of the first alone"])
def test_what_lands_after_the_undo_is_not_what_was_there_before(
    cluster: Cluster, tmp_path: Path, there: bool, names: tuple[str, ...]
) -> None:
    with Session(kubeconfig=cluster.kubeconfig) as session:
        if there:
            base = session.run(wanted(cluster, "base", "early", "late"))
            assert base.status is Status.SUCCEEDED
        was, first = state_of(late(cluster)), new_run_id()
        with cut_off(cluster, tmp_path, first) as proxy:
            config = wanted(cluster, "second", *names)
            told: list[Event] = []
            lands = landing(cluster, proxy, first)
            result = session.run(config, lambda event: (told.append(event), lands(event))[0])
        assert result.status is Status.SUCCEEDED
        assert session.story(first).status is Status.UNDONE
        assert any("wrote configmap/late" in str(event) for event in told)
        if "late" in names:
            assert late(cluster)["data"] == {"version": "second"}
            assert state_of(before_of(session, config, result.run)["late"]) == was
            assert session.rollback(result.run).status is Status.UNDONE
        assert state_of(late(cluster)) == was, "nothing of the first run is left"
        quiet: list[Event] = []
        assert session.run(config, quiet.append).status is Status.SUCCEEDED
        assert not [event for event in quiet if "after that" in str(event)], "it is looked for, and not found again"


def test_what_an_undo_left_on_purpose_is_not_taken_for_late(cluster: Cluster) -> None:
    claim = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "disk"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}},
                 "storageClassName": "nobody-makes-it"},
    }  # fmt: skip
    config = config_of(cluster.namespace, claim, config_map("m", version="1"), steps=(DEPLOY,))
    with Session(kubeconfig=cluster.kubeconfig) as session:
        first = session.run(config)
        assert session.rollback(first.run).status is Status.UNDONE
        kept = cluster.get("v1", "PersistentVolumeClaim", "disk")
        told: list[Event] = []
        second = session.run(config, told.append)
        assert second.status is Status.SUCCEEDED
        assert not [event for event in told if "after that" in str(event)]
        assert before_of(session, config, second.run)["disk"] is not None
        assert session.rollback(second.run).status is Status.UNDONE
        assert state_of(cluster.get("v1", "PersistentVolumeClaim", "disk")) == state_of(kept)


def test_a_write_that_was_sent_twice_and_landed_after_the_undo_again_is_the_runs_own(
    cluster: Cluster, tmp_path: Path
) -> None:
    """The first copy was answered and undone: the object that the second one makes has another UID."""
    with Proxy(cluster.kubeconfig, tmp_path).serving() as proxy, Session(kubeconfig=proxy.kubeconfig) as session:
        copies: list[tuple[str, str, dict[str, str], bytes | None]] = []
        forward = proxy.forward

        def copied(method: str, path: str, headers: dict[str, str], body: bytes | None) -> Any:
            if method == "PATCH" and "/configmaps/late" in path:
                copies.append((method, path, dict(headers), body))
            return forward(method, path, headers, body)

        proxy.forward = copied  # type: ignore[method-assign]
        config = wanted(cluster, "first", "late")
        first = session.run(config)
        uid = late(cluster)["metadata"]["uid"]
        assert session.rollback(first.run).status is Status.UNDONE
        assert late(cluster) is None
        answer = forward(*copies[0])
        assert answer.status == 201
        answer.release_conn()
        assert late(cluster)["metadata"]["uid"] != uid
        second = session.run(wanted(cluster, "second", "late"))
        assert second.status is Status.SUCCEEDED
        assert before_of(session, config, second.run) == {"late": None}


def test_a_job_that_the_network_kept_until_its_command_was_undone_is_ended_and_undone_again(
    cluster: Cluster, tmp_path: Path
) -> None:
    shell = ["sh", "-c", "true"]
    options = {"image": "localhost/busybox:1", "runner": "kubernetes", "execute": shell, "rollback": shell}
    migrate = StepConfig("migrate", "command", options, retries=0, effects="reversible")
    jobs = f"/apis/batch/v1/namespaces/{cluster.namespace}/jobs"
    with Proxy(cluster.kubeconfig, tmp_path).serving() as proxy, Session(kubeconfig=proxy.kubeconfig) as session:
        copies: list[tuple[str, str, dict[str, str], bytes | None]] = []
        forward = proxy.forward

        def copied(method: str, path: str, headers: dict[str, str], body: bytes | None) -> Any:
            if method == "POST" and path.startswith(jobs):
                copies.append((method, path, dict(headers), body))
            return forward(method, path, headers, body)

        proxy.forward = copied  # type: ignore[method-assign]
        config = config_of(cluster.namespace, config_map("m", version="1"), steps=(migrate, DEPLOY))
        first = session.run(config)
        assert first.status is Status.SUCCEEDED
        assert session.rollback(first.run, journal_of=config).status is Status.UNDONE
        until(lambda: not cluster.client.list("batch/v1", "Job", cluster.namespace).items, what="its Jobs are gone")
        assert len(copies) == 2, "forward and back"
        answer = forward(*copies[0])
        assert answer.status == 201
        answer.release_conn()
        until(lambda: cluster.client.list("v1", "Pod", cluster.namespace).items, what="the command runs late")
        second = config_of(cluster.namespace, config_map("m", version="2"), steps=(migrate, DEPLOY))
        told: list[Event] = []
        assert session.run(second, told.append).status is Status.SUCCEEDED
        assert any("wrote job/" in str(event) for event in told)
        assert len(copies) == 4, "the command that undoes it ran once more, beside that of the second run"
        until(lambda: not cluster.client.list("batch/v1", "Job", cluster.namespace).items, what="the late one is gone")
