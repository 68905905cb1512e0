"""A run whose records are gone, and whose Workflow was terminated or deleted: nobody but the sweep can tell of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sternway_steps.config import Config
from sternway_steps.config.schema import DEFAULT_STEPS
from sternway_steps.exits import Exit
from sternway_steps.journal.locks.lock import held
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session
from sternway_steps.spec import Action

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, until
from tests.scenarios.workflows import API, in_its_namespace, workflows


def config(cluster: Cluster, value: str) -> Config:
    return config_of(cluster.namespace, config_map("m", a=value), config_map("n", a="same"), steps=DEFAULT_STEPS[1:])


@pytest.fixture
def session(cluster: Cluster) -> Iterator[Session]:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        assert session.run(config(cluster, "old")).status is Status.SUCCEEDED
        yield session


def forget(cluster: Cluster, labels: str) -> None:
    """Delete records of the journal, as somebody might who tidies up."""
    found = cluster.client.list("v1", "Secret", cluster.namespace, labels=labels).items
    assert found
    for secret in found:
        cluster.client.delete(Ref.of(secret), uid=secret["metadata"]["uid"], propagation="Background")


@pytest.mark.parametrize("left", ["earlier runs", "nothing"])
def test_what_carries_a_run_without_a_record_is_told(
    cluster: Cluster, session: Session, tmp_path: Path, left: str
) -> None:
    target = session.locate(config(cluster, "new"))
    with workflows(cluster) as make:
        run = make()
        with Session(kubeconfig=in_its_namespace(cluster, tmp_path)) as pod:
            done = pod.step(config(cluster, "new"), "deploy", Action.EXECUTE, run, workflow="w")
        assert done.exit_code == Exit.DONE
        forget(cluster, f"sternway.dev/run={run}" if left == "earlier runs" else "sternway.dev/run")
        cluster.client.delete(Ref(API, "Workflow", cluster.namespace, "w"), uid=run, propagation="Background")
        with held(target.store.lock(target.target, 60.0), "at-work", threading.Event()):
            assert session.sweep(journal_of=config(cluster, "new")) == [], "who works there may know of it"
        (swept,) = session.sweep(journal_of=config(cluster, "new"))
    assert (swept.name, swept.status) == (f"{cluster.namespace}/{run}", Status.ROLLBACK_FAILED)
    assert swept.exit_code is Exit.ROLLBACK_FAILED
    assert "its record is gone" in swept.message
    for name in ("m", "n"):
        assert f"configmap/{name}" in swept.message
        told = [each for each in _events(cluster, name) if each["reason"] == "NotUndone"]
        assert [run in each["message"] for each in told] == [True]
    changed = cluster.get("v1", "ConfigMap", "m")
    assert changed is not None
    assert changed["data"] == {"a": "new"}, "of what it was before nobody knows"
    session.sweep(journal_of=config(cluster, "new"))
    assert len([each for each in _events(cluster, "m") if each["reason"] == "NotUndone"]) == 1, "one fact, one Event"
    assert session.run(config(cluster, "newer")).status is Status.SUCCEEDED
    assert session.sweep(journal_of=config(cluster, "newer")) == []


def test_a_run_that_is_forgotten_is_not_lost(cluster: Cluster, session: Session) -> None:
    """The journal keeps few runs; what an undo put back carries the run before it, forgotten or not."""
    new = session.run(replace(config(cluster, "new"), history=1)).run
    assert session.rollback(new).status is Status.UNDONE
    assert [story.run for story in session.runs()] == [new]
    assert session.sweep(journal_of=config(cluster, "new")) == []


def test_what_another_target_deploys_is_its_own_to_tell(cluster: Cluster, session: Session) -> None:
    other = replace(config(cluster, "old"), name="other")
    assert session.run(replace(other, deploy=replace(other.deploy, force_conflicts=True))).status is Status.SUCCEEDED
    forget(cluster, f"sternway.dev/target={cluster.namespace}.other")
    assert session.sweep(journal_of=config(cluster, "old")) == []


def _events(cluster: Cluster, name: str) -> list[dict[str, str]]:
    def there() -> list[dict[str, str]]:
        found = cluster.client.list("v1", "Event", cluster.namespace).items
        return [each for each in found if each["involvedObject"].get("name") == name]

    return until(there, 10, "it is told")
