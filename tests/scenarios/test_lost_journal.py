"""A journal that was lost on the way is never told as "undone": who knows of a step besides it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import Config
from sternway_steps.config.schema import DEFAULT_STEPS, StepConfig
from sternway_steps.exits import Exit
from sternway_steps.journal.backends.secret_form import STEP
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.result import Result
from sternway_steps.session import Session
from sternway_steps.spec import Action

from tests.conftest import Cluster
from tests.helpers import config_map, config_of
from tests.scenarios.workflows import in_its_namespace, workflows

NOTHING = StepConfig("note", "command", {"execute": ["true"], "rollback": ["true"]})
STEPS = (DEFAULT_STEPS[0], NOTHING, *DEFAULT_STEPS[1:])


def config(cluster: Cluster, value: str = "new", **keys: Any) -> Config:
    return config_of(cluster.namespace, config_map("m", a=value), **keys)


def value(cluster: Cluster) -> str | None:
    found = cluster.get("v1", "ConfigMap", "m")
    return str(found["data"]["a"]) if found else None


@pytest.fixture
def session(cluster: Cluster, tmp_path: Path) -> Iterator[Session]:
    with Session(kubeconfig=in_its_namespace(cluster, tmp_path)) as session:
        assert session.run(config(cluster, "old")).exit_code == Exit.DONE
        yield session


def forget(cluster: Cluster, run: str, step: str | None = None) -> None:
    """Delete the Secrets of a run, or those of one of its steps; "" is the run's own."""
    found = cluster.client.list("v1", "Secret", cluster.namespace, labels=f"sternway.dev/run={run}").items
    assert found
    for secret in found:
        if step is None or (secret["metadata"]["labels"].get(STEP) or "") == step:
            # In the foreground a list would show it until the garbage collector has come by.
            cluster.client.delete(Ref.of(secret), uid=secret["metadata"]["uid"], propagation="Background")


class Handler:
    """Calls the steps as Argo does."""

    def __init__(self, session: Session, config: Config, run: str, workflow: str = "w") -> None:
        self.session, self.config, self.run, self.workflow = session, config, run, workflow

    def execute(self, *steps: str) -> None:
        for step in steps:
            assert self.session.step(self.config, step, Action.EXECUTE, self.run, lambda _: None, self.workflow).exit_code == 0  # fmt: skip

    def undone(self, *steps: str) -> list[Result]:
        """Roll the steps back, and report."""
        made = [
            self.session.step(self.config, step, Action.ROLLBACK, self.run, lambda _: None, self.workflow)
            for step in steps
        ]
        return [*made, self.session.end(self.config, self.run, "Failed", self.workflow)]


@pytest.mark.parametrize("lost", [None, "deploy"], ids=["all of it", "the record of deploy"])
def test_the_report_asks_too_when_no_rollback_ever_ran(cluster: Cluster, session: Session, lost: str | None) -> None:
    """As when the pods of all rollbacks were rejected."""
    run = f"lost-{cluster.namespace}"
    argo = Handler(session, config(cluster), run)
    argo.execute("validate", "deploy")
    forget(cluster, run, lost)
    (end,) = argo.undone()
    assert (end.status, end.exit_code) == (Status.ROLLBACK_FAILED, 5)
    assert [str(e).partition(",")[0] for e in end.rollback_errors] == ["deploy: it has run"]
    assert session.story(run).status is Status.ROLLBACK_FAILED


@pytest.mark.parametrize("lost", [None, "deploy"], ids=["all of it", "the record of deploy"])
def test_what_carries_the_run_is_not_called_undone(cluster: Cluster, session: Session, lost: str | None) -> None:
    run = f"lost-{cluster.namespace}"  # an id that no other test of the cluster has
    argo = Handler(session, config(cluster), run)
    argo.execute("validate", "deploy")
    forget(cluster, run, lost)
    rollback, end = argo.undone("deploy")
    assert (rollback.exit_code, end.status, end.exit_code) == (5, Status.ROLLBACK_FAILED, 5)
    said = str(rollback.error)
    assert "its record is gone from the journal" in said
    assert f"configmap/m in {cluster.namespace}" in said
    assert "deploy" in str(end.error)
    assert value(cluster) == "new"
    again = session.rollback(f"{cluster.namespace}/{run}")
    assert (again.status, again.exit_code) == (Status.ROLLBACK_FAILED, 5), "nor when somebody asks for it once more"
    assert session.run(config(cluster, "newer")).exit_code == Exit.DONE
    assert session.rollback(f"{cluster.namespace}/{run}").status is Status.UNDONE, "nothing of it is left"
    assert value(cluster) == "newer"


def test_what_carries_nothing_of_the_run_is_undone(cluster: Cluster, session: Session) -> None:
    """No step but validate began: its record may be lost, there is nothing to be undone."""
    argo = Handler(session, config(cluster), "early")
    argo.execute("validate")
    forget(cluster, "early")
    rollback, end = argo.undone("deploy")
    assert (rollback.exit_code, end.status) == (0, Status.UNDONE)


def test_the_run_s_own_record_can_be_made_anew(cluster: Cluster, session: Session) -> None:
    """All that the undo needs is in the records of the steps."""
    argo = Handler(session, config(cluster), "headless")
    argo.execute("validate", "deploy")
    forget(cluster, "headless", "")
    rollback, end = argo.undone("deploy")
    assert (rollback.exit_code, end.status, value(cluster)) == (0, Status.UNDONE, "old")


@pytest.mark.parametrize(
    ("kind", "name"), [("Pod", "w[1].note"), ("Container", "w[0].execute.note"), ("Retry", "w[1].note")]
)
def test_argo_knows_of_a_step_that_carries_nothing(cluster: Cluster, session: Session, kind: str, name: str) -> None:
    node = {"name": name, "displayName": "note", "type": kind, "phase": "Succeeded"}
    with workflows(cluster) as workflow:
        run = workflow(node)
        argo = Handler(session, config(cluster, steps=STEPS), run)
        argo.execute("validate", "note")
        forget(cluster, run, "note")
        _deploy, rollback, end = argo.undone("deploy", "note")
        assert (rollback.exit_code, end.status, end.exit_code) == (5, Status.ROLLBACK_FAILED, 5)
        assert "note: it has run, and its record is gone" in str(end.rollback_errors)


@pytest.mark.parametrize(
    "node",
    [
        {"name": "w.onExit[0].note", "phase": "Succeeded", "type": "Pod"},
        {"name": "w[1].note", "phase": "Failed", "type": "Pod"},
        {"name": "w[1].note", "phase": "Skipped", "type": "Skipped"},
    ],
    ids=["of the handler", "failed", "remembered by a resubmission"],
)
def test_what_may_not_have_run_is_no_loss(cluster: Cluster, session: Session, node: dict[str, str]) -> None:
    with workflows(cluster) as workflow:
        argo = Handler(session, config(cluster, steps=STEPS), workflow({"displayName": "note", **node}))
        argo.execute("validate")
        _deploy, rollback, end = argo.undone("deploy", "note")
        assert (rollback.exit_code, end.status) == (0, Status.UNDONE)
