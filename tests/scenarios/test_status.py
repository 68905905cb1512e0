"""`sternway status`: how a target stands, in one command."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.config import Config
from sternway_steps.config.schema import DEFAULT_STEPS, StepConfig
from sternway_steps.exits import Exit
from sternway_steps.journal.entries import new_run_id
from sternway_steps.journal.replay import Status
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.crash import dying
from tests.helpers import config_map, config_of, sternway, until


def config(cluster: Cluster, value: str, *check: str) -> Config:
    step = StepConfig("check", "command", {"execute": list(check or ("true",))}, effects="none", retries=0)
    return config_of(cluster.namespace, config_map("m", a=value), steps=(*DEFAULT_STEPS[1:2], step))


@pytest.fixture
def session(cluster: Cluster) -> Iterator[Session]:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        yield session


def told(cluster: Cluster, *words: str) -> dict[str, Any]:
    done = sternway("status", *words, "--output", "json", kubeconfig=cluster.kubeconfig)
    assert done.returncode == Exit.DONE, done.stderr
    (line,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert line["type"] == "target"
    return dict(line)


def test_a_target_after_a_failure(cluster: Cluster, session: Session, tmp_path: Path) -> None:
    good = session.run(config(cluster, "old")).run
    bad = session.run(config(cluster, "new", "false")).run
    where = (f"{cluster.namespace}.t", "--namespace", cluster.namespace)
    found = told(cluster, *where)
    assert (found["live"]["run"], found["live"]["status"]) == (good, "succeeded")
    assert found["live"]["by"]["user"]
    assert (found["last"]["run"], found["last"]["status"], found["last"]["exit_code"]) == (bad, "undone", 4)
    assert ([hold["run"] for hold in found["holds"]], found["at_work"]) == ([bad], None)
    text = sternway("status", *where, kubeconfig=cluster.kubeconfig).stdout.splitlines()
    assert [line.split(":")[0].split(" since")[0].strip() for line in text] == [
        f"target {cluster.namespace}.t (journal", "live", "last", "held", "to let a schedule deploy it again", "at work",
    ]  # fmt: skip
    file = tmp_path / "sternway.yaml"
    file.write_text(yaml.safe_dump({"name": "t", "namespace": cluster.namespace, "image": "web:1"}))
    assert told(cluster, "--config", str(file))["live"]["run"] == told(cluster, str(file))["live"]["run"] == good


def test_what_was_undone_is_not_live(cluster: Cluster, session: Session) -> None:
    first = session.run(config(cluster, "1")).run
    second = session.run(config(cluster, "2")).run
    target = f"{cluster.namespace}.t"
    assert (found := session.status(target)).live
    assert found.live.run == second
    session.rollback_to(first)
    found = session.status(target)
    assert found.live
    assert found.last
    assert (found.live.run, found.last.back_to) == (first, first)


def test_who_is_at_work_and_who_died(cluster: Cluster, session: Session) -> None:
    target, stop, run = f"{cluster.namespace}.t", threading.Event(), new_run_id()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(session.run, config(cluster, "1", "sleep", "60"), run=run, stop=stop)
        try:
            until(lambda: any(s.begun() >= {"check"} for s in [session.story(r.run) for r in session.runs()]), 30)
            found = session.status(target)
            assert found.at_work
            assert (found.at_work.run, found.at_work.doing[:20]) == (run, "executing step check")
            assert found.last
            assert (found.last.status, found.live) == (Status.RUNNING, None)
        finally:
            stop.set()
        assert working.result(60).status is Status.UNDONE
    assert (found := session.status(target)).last
    assert (found.last.status, found.holds, found.at_work) == (Status.UNDONE, (), None)
    plain = replace(config(cluster, "2"), steps=DEFAULT_STEPS[1:])
    assert dying.run_until(cluster.kubeconfig, plain, new_run_id(), "PATCH /configmaps/m") == dying.DIED
    assert (found := session.status(target)).last
    assert (found.last.status, found.at_work) == (Status.INTERRUPTED, None)


def test_a_target_that_nobody_knows_and_none_at_all(cluster: Cluster) -> None:
    done = sternway("status", "no.such", "--namespace", cluster.namespace, kubeconfig=cluster.kubeconfig)
    assert (done.returncode, done.stderr.splitlines()[0]) == (3, "error: no run of no.such is in the journal")
    assert sternway("status", kubeconfig=cluster.kubeconfig).returncode == Exit.USAGE
