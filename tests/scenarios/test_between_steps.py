"""Between two steps of a Workflow nobody holds the target: another run is kept away all the same."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sternway_steps.config import Config, StepConfig
from sternway_steps.errors import Refused, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.locks.waiting import Waiting
from sternway_steps.journal.replay import Status
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.saga import recovery
from sternway_steps.saga.events import Event
from sternway_steps.session import Session
from sternway_steps.spec import Action

from tests.conftest import Cluster
from tests.helpers import config_map, config_of

STEPS = tuple(StepConfig(name, "deploy", {"selector": f"part={name}"}, retries=0) for name in ("one", "two"))


def wanted(cluster: Cluster, version: str, **keys: Any) -> Config:
    objects = []
    for name in ("one", "two"):
        obj = config_map(name, version=version)
        objects.append({**obj, "metadata": {"name": name, "labels": {"part": name}}})
    return config_of(cluster.namespace, *objects, steps=STEPS, **keys)


def versions(cluster: Cluster) -> list[str | None]:
    found = (cluster.get("v1", "ConfigMap", name) for name in ("one", "two"))
    return [obj["data"]["version"] if obj is not None else None for obj in found]


class FoundWorkflow:
    """The Workflow that begins the run, as the API shows it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.phase, self.seen = "Running", True
        get = Client.get

        def found(client: Client, ref: Ref, **how: Any) -> dict[str, Any] | None:
            if ref.kind != "Workflow":
                return get(client, ref, **how)
            return {"metadata": {"name": ref.name, "uid": "r1"}, "status": {"phase": self.phase}} if self.seen else None

        monkeypatch.setattr(Client, "get", found)


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch) -> FoundWorkflow:
    return FoundWorkflow(monkeypatch)


def first_step(session: Session, config: Config) -> None:
    done = session.step(config, "one", Action.EXECUTE, "r1", workflow="wf")
    assert (done.status, done.exit_code) == (Status.OPEN, Exit.DONE)


@pytest.mark.parametrize("who", ["a run", "a step", "a step of another Workflow"])
def test_another_run_is_kept_away_while_the_workflow_lives(
    cluster: Cluster, session: Session, workflow: FoundWorkflow, who: str
) -> None:
    first_step(session, wanted(cluster, "1"))
    other = wanted(cluster, "2")
    if who == "a run":
        begin = partial(session.run, other, run="r2")
    else:
        by = "other" if who.endswith("Workflow") else ""
        begin = partial(session.step, other, "one", Action.EXECUTE, "r2", workflow=by)
    with pytest.raises(Transient, match="run r1 of this target is open: Workflow wf is at work"):
        begin()
    assert versions(cluster) == ["1", None]
    done = session.step(wanted(cluster, "1"), "two", Action.EXECUTE, "r1", workflow="wf")
    assert (done.status, versions(cluster)) == (Status.SUCCEEDED, ["1", "1"])


def test_who_waits_for_an_open_workflow_begins_when_it_has_ended(
    cluster: Cluster, session: Session, workflow: FoundWorkflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "_POLL", 0.1)
    first_step(session, wanted(cluster, "1"))
    told: list[Event] = []

    def tell(event: Event) -> None:
        told.append(event)
        if isinstance(event, Waiting) and event.seconds is None:
            workflow.phase = "Failed"

    result = session.run(wanted(cluster, "2", wait_lock=60.0), tell)
    assert (result.status, versions(cluster)) == (Status.SUCCEEDED, ["2", "2"])
    assert session.story(f"{cluster.namespace}/r1").status is Status.UNDONE
    assert [(event.run, event.seconds is None) for event in told if isinstance(event, Waiting)] == [
        ("r1", True), ("r1", False)
    ]  # fmt: skip


def test_when_another_run_did_take_the_target_the_next_step_refuses(
    cluster: Cluster, session: Session, workflow: FoundWorkflow
) -> None:
    """As an older version does, that can't see the Workflow and goes on: here it seems gone for a while."""
    first_step(session, wanted(cluster, "1"))
    records = session.locate(wanted(cluster, "1")).store.records("r1")
    other = wanted(cluster, "2")
    at = session.locate(other)
    # The other run takes the target without asking what is open.
    from sternway_steps.saga import one_process

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(one_process, "finish_interrupted", lambda *_, **__: None)
        assert session.run(other, run="r2").status is Status.SUCCEEDED
    assert at.store.records("r1") == records
    refused = session.step(wanted(cluster, "1"), "two", Action.EXECUTE, "r1", workflow="wf")
    assert refused.exit_code == Exit.REFUSED
    assert isinstance(refused.error, Refused)
    assert "run r2 has begun on" in str(refused.error)
    assert versions(cluster) == ["2", "2"]
