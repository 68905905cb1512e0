"""What `kubectl describe` shows of a run: an Event on each workload, and none that changes a result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sternway_steps.config import Config
from sternway_steps.config.schema import DEFAULT_STEPS, StepConfig
from sternway_steps.journal.replay import Status
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import Fault, Request, cut, fail
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, deployment

FAILS = StepConfig("check", "command", {"execute": ["false"]}, effects="none", retries=0)


@pytest.fixture
def session(cluster: Cluster) -> Iterator[Session]:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        yield session


def config(cluster: Cluster, value: str, *more: StepConfig) -> Config:
    web = deployment("d", replicas=0, env=[{"name": "VALUE", "value": value}])
    return config_of(cluster.namespace, config_map("m", a=value), web, steps=(*DEFAULT_STEPS[1:2], *more))


def events(cluster: Cluster) -> list[dict[str, Any]]:
    found = cluster.client.list("v1", "Event", cluster.namespace).items
    return [one for one in found if (one.get("source") or {}).get("component") == "sternway"]


def test_a_workload_tells_what_became_of_it(cluster: Cluster, session: Session) -> None:
    first = session.run(config(cluster, "1")).run
    live = cluster.get("apps/v1", "Deployment", "d")
    assert live is not None
    (made,) = events(cluster)
    assert (made["reason"], made["type"]) == ("Deployed", "Normal")
    assert made["involvedObject"]["uid"] == live["metadata"]["uid"]
    assert f"run {first} of {cluster.namespace}.t created it" in made["message"]
    second = session.run(config(cluster, "2", FAILS))
    assert second.status is Status.UNDONE
    mine = {one["reason"]: one["message"] for one in events(cluster) if second.run in one["message"]}
    assert set(mine) == {"Deployed", "Undone"}
    assert "restored" in mine["Undone"]
    assert str(second.error).partition("\n")[0] in mine["Undone"]
    assert session.run(config(cluster, "1")).status is Status.SUCCEEDED
    assert len(events(cluster)) == 3, "what did not change tells nothing"


def test_a_conflict_is_told(cluster: Cluster, session: Session) -> None:
    session.run(config(cluster, "1"))
    run = session.run(config(cluster, "2")).run
    ref = cluster.get("apps/v1", "Deployment", "d")
    assert ref is not None
    ref["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = "theirs"
    cluster.client.replace(ref, manager="somebody")
    assert session.rollback(run).status is Status.ROLLBACK_FAILED
    (told,) = [one for one in events(cluster) if one["reason"] == "Conflict"]
    assert told["type"] == "Warning"
    assert "undo of run" in told["message"]


@pytest.mark.parametrize("fault", [fail(403), fail(500), fail(429), cut(), cut(before=False)])
def test_no_event_changes_a_result(sternway_sandbox: Sandbox, fault: Fault) -> None:
    """Where the server takes no Event, or does not answer, all else goes its way."""
    sandbox = sternway_sandbox

    def puts(request: Request) -> bool:
        return request.method == "POST" and request.path.endswith("/events")

    sandbox.faults.when(puts, fault, times=1000)
    with Session(kubeconfig=sandbox.kubeconfig, namespace="default") as session:
        for steps, status in (((), Status.SUCCEEDED), ((FAILS,), Status.UNDONE)):
            text = {"env": [{"name": "STEPS", "value": str(len(steps))}]}
            web = deployment("d", replicas=0, **text)
            done = session.run(config_of("default", web, steps=(*DEFAULT_STEPS[1:2], *steps)))
            assert (done.status, done.rollback_errors) == (status, ())
    assert any(puts(request) for request in sandbox.requests)
