"""What the new pods of a run write is told while it goes on: each line once, and nobody is slowed or filled by it."""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config.schema import StepConfig
from sternway_steps.journal.replay import Status
from sternway_steps.kube.transport import Transport
from sternway_steps.kube.watch import shut
from sternway_steps.saga.events import Event, LogLine, Note, RunEnded
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.conftest import WEB, Cluster
from tests.helpers import config_of, deployment, sternway

SHELL = "localhost/busybox:1"


def shell(name: str, script: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "image": SHELL, "command": ["sh", "-c", script], **more}


def job(*containers: dict[str, Any], name: str = "j", restart: str = "Never", **spec: Any) -> dict[str, Any]:
    pod = {"containers": list(containers), "restartPolicy": restart, "terminationGracePeriodSeconds": 1, **spec}
    return {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {"backoffLimit": 4, "template": {"spec": pod}},
    }  # fmt: skip


def logs_of(session: Session, config: Any, which: Any = "all", status: Status = Status.SUCCEEDED) -> list[Event]:
    events: list[Event] = []
    result = session.run(config, events.append, logs=which)
    assert result.status is status, result.error
    assert isinstance(events[-1], RunEnded)
    assert not [t.name for t in threading.enumerate() if t.name in ("sternway-log", "sternway-new-pods")]
    return events


def by_container(events: list[Event]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for event in events:
        if isinstance(event, LogLine):
            found[event.container].append(event.line)
    return dict(found)


def test_new_pods_alone_are_heard(session: Session, cluster: Cluster) -> None:
    first = [e for e in logs_of(session, config_of(cluster.namespace, deployment("web"))) if isinstance(e, LogLine)]
    assert {event.object for event in first} == {f"deployment.apps/web in {cluster.namespace}"}
    again = logs_of(session, config_of(cluster.namespace, deployment("web")))
    assert not by_container(again)
    other = deployment("web", "localhost/app:2")
    second = [e for e in logs_of(session, config_of(cluster.namespace, other)) if isinstance(e, LogLine)]
    assert {event.pod for event in second}.isdisjoint({event.pod for event in first})
    assert any("app 2 starting" in event.line for event in second)


def test_a_failure_is_told_before_the_end(session: Session, cluster: Cluster) -> None:
    bad = deployment("web", env=[{"name": "APP_MODE", "value": "crash"}])
    events = logs_of(session, config_of(cluster.namespace, bad), "errors", Status.UNDONE)
    lines = by_container(events)["web"]
    assert lines
    assert all("FATAL" in line for line in lines)


def test_a_job_is_heard_to_its_end_without_secrets(session: Session, cluster: Cluster) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "hunter22secret"}}
    writes = job(shell("c", 'echo "with hunter22secret inside"; echo done at last'))
    lines = by_container(logs_of(session, config_of(cluster.namespace, secret, writes)))
    assert lines == {"c": ["with *** inside", "done at last"]}


def test_no_right_to_logs_is_said_once() -> None:
    with Sandbox() as sandbox, Session(kubeconfig=sandbox.kubeconfig) as session:
        sandbox.access.deny("get", "pods/log")
        config = config_of(
            "default",
            deployment("web", replicas=3),
            steps=((StepConfig("deploy", "deploy"),), (StepConfig("verify", "verify"),)),
        )
        events = logs_of(session, config)
    assert not by_container(events)
    assert len([event for event in events if isinstance(event, Note) and "pods/log" in event.message]) == 1


def test_no_right_to_list_pods_is_said_once() -> None:
    with Sandbox() as sandbox, Session(kubeconfig=sandbox.kubeconfig) as session:
        sandbox.access.deny("list", "pods")
        config = config_of("default", deployment("web"), steps=((StepConfig("deploy", "deploy"),),))
        notes = [event.message for event in logs_of(session, config) if isinstance(event, Note)]
    assert notes == ['the logs of pods in default can\'t be followed: pods is forbidden: User "sandbox" cannot list '
                     'resource "pods" in API group "" in the namespace "default"']  # fmt: skip


def test_on_a_command_line(tmp_path: Path) -> None:
    done = sternway(
        "run", "--sandbox", "--logs", str(WEB), kubeconfig="", environ={"STERNWAY_STATE": str(tmp_path / "state")}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\d\d:\d\d:\d\d web-\S+/web \| app \S+ starting, mode ok$", done.stdout, re.M), done.stdout


@pytest.mark.cluster
def test_each_line_of_each_container_once(real: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Init containers, two containers side by side, one that starts anew, connections that break: none lost or twice."""
    stream, broken = Transport.stream, []

    def cut(self: Transport, path: str, query: Any, read: float) -> Any:
        response = stream(self, path, query, read)
        if path.endswith("/log") and query.get("follow") == "true":
            broken.append(path)
            threading.Timer(0.2, shut, (response,)).start()
        return response

    monkeypatch.setattr(Transport, "stream", cut)
    writes = 'i=0; while [ $i -lt {n} ]; do i=$((i+1)); echo "{name} $i"; usleep 30000; done'
    marked = "run-$([ -e /d/x ] && echo 2 || echo 1)"
    once = f"{writes.format(n=20, name=marked)}; [ -e /d/x ] || {{ touch /d/x; exit 1; }}"
    made = job(
        shell("a", once, volumeMounts=[{"name": "d", "mountPath": "/d"}]),
        shell("b", writes.format(n=60, name="b")),
        restart="OnFailure",
        initContainers=[shell("first", writes.format(n=5, name="first"))],
        volumes=[{"name": "d", "emptyDir": {}}],
    )
    with Session(kubeconfig=real.kubeconfig) as session:
        lines = by_container(logs_of(session, config_of(real.namespace, made)))
    assert len(broken) >= 3
    assert lines["first"] == [f"first {n}" for n in range(1, 6)]
    assert lines["b"] == [f"b {n}" for n in range(1, 61)]
    assert lines["a"] == [f"run-1 {n}" for n in range(1, 21)] + [f"run-2 {n}" for n in range(1, 21)]


@pytest.mark.cluster
def test_a_flood_slows_and_fills_nothing(real: Cluster) -> None:
    """Lines, or one endless line, as fast as a node can write."""
    flood = "timeout 2 yes 0123456789012345678901234567890123456789"
    endless = "timeout 2 sh -c \"tr '\\\\0' x < /dev/zero\""
    made = [job(shell("c", f"{flood}; true"), name="lines"), job(shell("d", f"{endless}; true"), name="endless")]
    with Session(kubeconfig=real.kubeconfig) as session:
        began, cpu = time.monotonic(), time.process_time()
        events = logs_of(session, config_of(real.namespace, *made))
        took, worked = time.monotonic() - began, time.process_time() - cpu
    lines = by_container(events)
    assert 0 < len(lines["c"]) < 1000
    assert 0 < len(lines["d"]) < 1000
    assert max(map(len, lines["c"] + lines["d"])) <= 500
    assert any("faster than is shown" in line for line in lines["c"])
    assert worked < took / 2
