"""Two runs of one target: the second is told who is at work, where, since when and on what, or waits for it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from sternway_steps.config import StepConfig
from sternway_steps.exits import Exit
from sternway_steps.journal.locks import lease
from sternway_steps.journal.replay import Status
from sternway_steps.registry.load import load
from sternway_steps.saga.events import Event, StepStarted
from sternway_steps.saga.result import Result
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import command as command_of
from tests.helpers import config_map, config_of, sternway

STEPS = (
    StepConfig("deploy", "deploy"),
    StepConfig("smoke", "command", {"execute": ["sleep", "600"]}, retries=0, effects="none"),
)


@pytest.fixture
def at_work(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Future[Result], threading.Event]]:
    """Give a run that executes step smoke until the event is set; then it is undone."""
    monkeypatch.setattr(lease, "DURATION", 4.0)
    smoke, stop = threading.Event(), threading.Event()

    def tell(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "smoke":
            smoke.set()

    with Session(kubeconfig=cluster.kubeconfig) as session, ThreadPoolExecutor(1) as pool:
        config = config_of(cluster.namespace, config_map("one", a="1"), config_map("two", a="1"), steps=STEPS)
        first = pool.submit(session.run, config, tell, run="the-first", stop=stop)
        assert smoke.wait(60)
        yield first, stop
        stop.set()


def written(cluster: Cluster, folder: Path, **keys: str) -> str:
    (folder / "objects.yaml").write_text(yaml.safe_dump(config_map("one", a="2")))
    path = folder / "sternway.yaml"
    steps = ["validate", "deploy"]
    path.write_text(
        yaml.safe_dump(
            {"name": "t", "namespace": cluster.namespace, "manifests": ["objects.yaml"], "steps": steps, **keys}
        )
    )
    return str(path)


def test_who_is_at_work_where_since_when_and_on_what(
    cluster: Cluster, tmp_path: Path, at_work: tuple[Future[Result], threading.Event]
) -> None:
    for command in (["run", "--config", written(cluster, tmp_path)], ["rollback", "the-first"]):
        done = sternway(*command, kubeconfig=cluster.kubeconfig)
        assert done.returncode == Exit.TRANSIENT, done
        said = " ".join((done.stdout + done.stderr).split())
        who = rf"run the-first on {re.escape(socket.gethostname())}, pid \d+"
        assert re.search(rf"{who}, since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC, executing step smoke since \d", said), (
            said
        )
        assert "--wait-lock" in said


@pytest.mark.parametrize("asked", ["by a flag", "by the configuration"])
def test_who_is_told_to_waits_until_the_other_has_ended(
    cluster: Cluster, tmp_path: Path, at_work: tuple[Future[Result], threading.Event], asked: str
) -> None:
    first, stop = at_work
    path = written(cluster, tmp_path, **({"waitLock": "2m"} if asked == "by the configuration" else {}))
    flags = ["--wait-lock", "2m"] if asked == "by a flag" else []
    threading.Timer(5, stop.set).start()
    done = sternway("run", "--config", path, *flags, kubeconfig=cluster.kubeconfig)
    assert done.returncode == Exit.DONE, done
    assert first.result(5).status is Status.UNDONE
    live = cluster.get("v1", "ConfigMap", "one")
    assert live is not None
    assert live["data"] == {"a": "2"}


def test_how_long_is_a_time_span(tmp_path: Path) -> None:
    wrong = sternway("rollback", "r", "--wait-lock", "long", kubeconfig="/dev/null")
    assert (wrong.returncode, "no time span" in wrong.stderr) == (Exit.USAGE, True), wrong
    path = tmp_path / "sternway.yaml"
    path.write_text("name: t\nimage: localhost/app:1\nwaitLock: 5m\n")
    assert load(path).wait_lock == 300
    path.write_text("name: t\nimage: localhost/app:1\n")
    assert load(path).wait_lock == 0


@pytest.mark.parametrize("command", ["rollback", "step"])
def test_who_waits_says_for_whom_and_how_long(
    cluster: Cluster, tmp_path: Path, at_work: tuple[Future[Result], threading.Event], command: str
) -> None:
    first, stop = at_work
    path = written(cluster, tmp_path)
    arguments = ["rollback", f"{cluster.namespace}/the-first"]
    if command == "step":
        arguments = ["step", "deploy", "execute", "--run", "the-second", "--config", path]
    flags = ["--wait-lock", "2m", "--output", "json", "--kubeconfig", cluster.kubeconfig]
    told = []
    with subprocess.Popen(command_of(*arguments, *flags), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(json.loads(line))
            if told[-1]["type"] == "waiting":
                stop.set()
    assert first.result(5).status is Status.UNDONE
    waits = [each for each in told if each["type"] == "waiting"]
    assert [(each["run"], each["host"]) for each in waits] == [("the-first", socket.gethostname())] * 2, told
    assert waits[0]["seconds"] is None
    assert waits[0]["doing"].startswith("executing step smoke since")
    assert waits[1]["seconds"] > 0
    assert process.returncode == Exit.DONE, told


def test_what_is_shown_while_waiting(
    cluster: Cluster, tmp_path: Path, at_work: tuple[Future[Result], threading.Event]
) -> None:
    _, stop = at_work
    threading.Timer(4, stop.set).start()
    done = sternway("run", "--config", written(cluster, tmp_path), "--wait-lock", "2m", kubeconfig=cluster.kubeconfig)
    said = " ".join((done.stdout + done.stderr).split())
    assert said.count("waiting for run the-first on ") == 1, said
    assert re.search(r"waited \d+ s for run the-first", said), said
