"""A step's process that is told to stop because its Workflow is terminated or deleted starts the sweep at once."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.sweep_at_once import ON_TERMINATE, sweeper_name
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.component.submit.playing import API, definition
from tests.helpers import command, config_map, deployment, served, sternway, until

SPEC = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "sweep", "image": "s:1"}]}}}


@pytest.fixture
def session(sternway_sandbox: Sandbox) -> Iterator[Session]:
    with Session(kubeconfig=sternway_sandbox.kubeconfig, namespace="default") as session:
        session.client.create(definition("Workflow", "workflows"), manager="test")
        until(lambda: served(session.client, API, "Workflow"))
        yield session


@pytest.fixture
def kubeconfig(sternway_sandbox: Sandbox) -> str:
    return sternway_sandbox.kubeconfig


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    unready = deployment("d", env=[{"name": "APP_MODE", "value": "unready"}])
    (tmp_path / "m.yaml").write_text(yaml.safe_dump_all([config_map("m", a="new"), unready]))
    (tmp_path / "sternway.yaml").write_text("name: web\nnamespace: default\nmanifests: [m.yaml]\n")
    return tmp_path


def workflow(session: Session) -> str:
    body = {"apiVersion": API, "kind": "Workflow", "metadata": {"name": "w", "namespace": "default"}, "spec": {}}
    return str(session.client.create(body, manager="test")["metadata"]["uid"])


def sweeper(session: Session, **notes: str) -> None:
    metadata = {"name": sweeper_name("web"), "namespace": "default", "annotations": notes}
    spec = {"schedule": "* * * * *", "jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": SPEC}}
    body = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}
    session.client.create(body, manager="test")


def jobs(session: Session) -> list[dict[str, Any]]:
    return session.client.list("batch/v1", "Job", "default").items


def stopped_in_verify(kubeconfig: str, session: Session, folder: Path, run: str, change: dict[str, Any] | None) -> str:
    """Stop the step verify of a Workflow as Argo does, after a change of the Workflow (None deletes it)."""
    words = ["--run", run, "--workflow", "w", "--config", str(folder / "sternway.yaml")]
    for step in ("validate", "deploy"):
        done = sternway("step", step, "execute", *words, kubeconfig=kubeconfig)
        assert done.returncode == 0, done.stderr
    verify = command("step", "verify", "execute", *words, "--kubeconfig", kubeconfig)
    with subprocess.Popen(verify, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        until(lambda: any(a.step == "verify" for a in session.story(run).attempts), 30, "verify works")
        ref = Ref(API, "Workflow", "default", "w")
        if change is None:
            session.client.delete(ref, uid=run, propagation="Background")
        else:
            session.client.patch(ref, change, manager="test")
        for _ in range(2):  # Argo sends its signal twice
            process.send_signal(signal.SIGTERM)
        out = process.communicate(timeout=60)[0]
    assert process.returncode == Exit.STOPPED, out
    return str(out)


@pytest.mark.parametrize("change", [{"spec": {"shutdown": "Terminate"}}, None], ids=["terminated", "deleted"])
def test_the_job_is_what_the_cron_job_would_start(kubeconfig: str, session: Session, folder: Path, change: Any) -> None:
    run = workflow(session)
    sweeper(session, **{ON_TERMINATE: "true"})
    out = stopped_in_verify(kubeconfig, session, folder, run, change)
    (job,) = jobs(session)
    assert job["metadata"]["name"] == f"sternway-undo-{run}"
    assert job["metadata"]["name"] in out
    assert (job["metadata"]["labels"]["a"], job["spec"]["backoffLimit"]) == ("b", 3)
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "s:1"
    swept = sternway("sweep", "-c", str(folder / "sternway.yaml"), "-o", "json", kubeconfig=kubeconfig)
    assert [json.loads(line)["status"] for line in swept.stdout.splitlines()] == ["undone"], swept.stderr
    assert session.story(run).status is Status.UNDONE
    assert session.client.get(Ref("v1", "ConfigMap", "default", "m")) is None


def test_a_handler_that_will_run_is_left_its_work(kubeconfig: str, session: Session, folder: Path) -> None:
    """`argo stop`, a deadline, a drained node: Argo undoes the run itself."""
    run = workflow(session)
    sweeper(session, **{ON_TERMINATE: "true"})
    stopped_in_verify(kubeconfig, session, folder, run, {"spec": {"shutdown": "Stop"}})
    assert jobs(session) == []


def test_without_the_permission_none_is_started(kubeconfig: str, session: Session, folder: Path) -> None:
    run = workflow(session)
    sweeper(session)
    stopped_in_verify(kubeconfig, session, folder, run, {"spec": {"shutdown": "Terminate"}})
    assert jobs(session) == []
