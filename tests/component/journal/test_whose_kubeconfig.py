"""Nobody's kubeconfig decides what a run was: its record says where it is and what it deploys to, for locks as well."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import Config, Manifest
from sternway_steps.errors import Refused, Transient
from sternway_steps.journal.replay import Status
from sternway_steps.kube.client import Client
from sternway_steps.saga.events import Event, StepStarted
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.helpers import config_map


@pytest.fixture
def elsewhere(sternway_sandbox: Sandbox, tmp_path: Path) -> str:
    """Give a kubeconfig of the same cluster whose context has another namespace."""
    config: dict[str, Any] = json.loads(Path(sternway_sandbox.kubeconfig).read_text())
    config["contexts"][0]["context"]["namespace"] = "elsewhere"
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(config))
    client = Client.connect(str(path))
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "elsewhere"}}, manager="test")
    client.close()
    return str(path)


def config(value: str) -> Config:
    """Give a pipeline that leaves its namespace to the kubeconfig."""
    return Config(name="t", manifests=(Manifest(config_map("m", a=value), "test:1"),))


def value(session: Session) -> str:
    [found] = (o for o in session.client.list("v1", "ConfigMap", None).items if o["metadata"]["name"] == "m")
    return f"{found['metadata']['namespace']}: {found['data']['a']}"


def test_a_run_that_is_at_work_is_seen_and_left_alone_from_another_namespace(
    sternway_sandbox: Sandbox, elsewhere: str
) -> None:
    verifying, go_on = threading.Event(), threading.Event()

    def hold(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "verify":
            verifying.set()
            assert go_on.wait(60)

    with (
        Session(kubeconfig=sternway_sandbox.kubeconfig) as session,
        Session(kubeconfig=elsewhere) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        working = pool.submit(session.run, config("new"), hold)
        try:
            assert verifying.wait(60)
            [story] = other.runs()
            assert story.status is Status.RUNNING
            with pytest.raises(Transient, match="another run of this target is at work"):
                other.rollback(story.run)
            with pytest.raises(Transient, match="another run of this target is at work"):
                other.finish(story.name)
            # The configuration has no namespace, and is read under another context than the run was.
            for undo in (other.rollback, other.finish, other.rollback_to):
                with pytest.raises(Refused, match="but in another one"):
                    undo(story.run, journal_of=config("new"))
            with pytest.raises(Refused, match=r"no run of elsewhere\.t stands"):
                other.newest(config("new"))
            assert [swept.status for swept in other.sweep(everywhere=True)] == [Status.RUNNING]
        finally:
            go_on.set()
        assert working.result().status is Status.SUCCEEDED
        assert value(other) == "default: new"


def test_a_rollback_from_another_namespace_undoes_what_the_run_did(sternway_sandbox: Sandbox, elsewhere: str) -> None:
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session, Session(kubeconfig=elsewhere) as other:
        session.run(config("old"))
        new = session.run(config("new"))
        assert other.rollback(new.run).status is Status.UNDONE
        assert value(other) == "default: old"
        assert session.story(new.run).status is Status.UNDONE
