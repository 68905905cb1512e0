"""What other people and controllers do to the objects of a run, before it is undone."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.errors import Refused
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, deployment, state_of


def run(cluster: Cluster, *objects: dict[str, Any]) -> str:
    with Session(kubeconfig=cluster.kubeconfig) as session:
        result = session.run(config_of(cluster.namespace, *objects))
        assert result.exit_code == 0, result
        return result.run


def undo(cluster: Cluster, run_id: str, policy: str | None = None) -> tuple[Status, dict[str, Any]]:
    with Session(kubeconfig=cluster.kubeconfig) as session:
        result = session.rollback(run_id, on_conflict=policy)
        story = session.story(run_id)
    return result.status, story.attempts[-1].data["items"][0]


def patch(
    cluster: Cluster, kind: tuple[str, str], name: str, change: dict[str, Any], manager: str = "kubectl-edit"
) -> None:
    cluster.client.patch(Ref(*kind, cluster.namespace, name), change, manager=manager)


@pytest.mark.parametrize(
    ("policy", "status", "value"),
    [("stop", Status.ROLLBACK_FAILED, "theirs"), ("merge", Status.UNDONE, "theirs"), ("force", Status.UNDONE, "old")],
    ids=["stop", "merge", "force"],
)
def test_a_field_of_ours_that_a_person_changed(cluster: Cluster, policy: str, status: Status, value: str) -> None:
    run(cluster, config_map("m", ours="old", other="old"))
    mine = run(cluster, config_map("m", ours="new", other="new"))
    patch(cluster, ("v1", "ConfigMap"), "m", {"data": {"ours": "theirs"}})
    got, item = undo(cluster, mine, policy)
    live = cluster.get("v1", "ConfigMap", "m")
    assert live is not None
    assert got is status, item
    assert live["data"] == {"ours": value, "other": "new" if policy == "stop" else "old"}
    if policy != "force":
        assert "data.ours" in item["why"]


def test_a_field_that_a_person_added_stays(cluster: Cluster) -> None:
    run(cluster, config_map("m", a="old"))
    mine = run(cluster, config_map("m", a="new"))
    patch(cluster, ("v1", "ConfigMap"), "m", {"data": {"b": "theirs"}})
    assert undo(cluster, mine)[0] is Status.UNDONE
    live = cluster.get("v1", "ConfigMap", "m")
    assert live is not None
    assert live["data"] == {"a": "old", "b": "theirs"}


def test_an_autoscaler_keeps_its_replicas(cluster: Cluster) -> None:
    run(cluster, deployment("web", replicas=None))
    mine = run(cluster, deployment("web", "localhost/app:2", replicas=None))
    patch(cluster, ("apps/v1", "Deployment"), "web", {"spec": {"replicas": 2}}, manager="horizontal-pod-autoscaler")
    assert undo(cluster, mine)[0] is Status.UNDONE
    live = cluster.get("apps/v1", "Deployment", "web")
    assert live is not None
    assert live["spec"]["replicas"] == 2
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "localhost/app:1"


def test_what_a_later_run_took_over_is_refused_and_said(cluster: Cluster) -> None:
    run(cluster, config_map("m", a="1"))
    mine = run(cluster, config_map("m", a="2"))
    later = run(cluster, config_map("m", a="3"))
    with pytest.raises(Refused, match=f"has been overtaken.*{later}"):
        undo(cluster, mine)
    live = cluster.get("v1", "ConfigMap", "m")
    assert live is not None
    assert live["data"] == {"a": "3"}


@pytest.mark.parametrize(("policy", "there"), [("stop", False), ("merge", False), ("force", True)])
def test_an_object_that_somebody_deleted_meanwhile(cluster: Cluster, policy: str, there: bool) -> None:
    run(cluster, config_map("m", a="old"))
    mine = run(cluster, config_map("m", a="new"))
    cluster.client.delete(Ref("v1", "ConfigMap", cluster.namespace, "m"), uid=None, propagation="Background")
    status, item = undo(cluster, mine, policy)
    live = cluster.get("v1", "ConfigMap", "m")
    assert (live is not None) is there
    assert status is (Status.ROLLBACK_FAILED if policy == "stop" else Status.UNDONE)
    if live is not None:
        assert live["data"] == {"a": "old"}
    else:
        assert "deleted by somebody else" in item["why"]


def test_an_object_of_the_same_name_that_somebody_else_created_is_never_deleted(cluster: Cluster) -> None:
    mine = run(cluster, config_map("m", a="1"))
    cluster.client.delete(Ref("v1", "ConfigMap", cluster.namespace, "m"), uid=None, propagation="Background")
    theirs = config_map("m", a="theirs")
    theirs["metadata"]["namespace"] = cluster.namespace
    cluster.client.create(theirs, manager="somebody")
    status, item = undo(cluster, mine)
    live = cluster.get("v1", "ConfigMap", "m")
    assert live is not None
    assert live["data"] == {"a": "theirs"}
    assert (status, item["result"]) == (Status.UNDONE, "kept")


def test_an_object_made_immutable_is_created_anew_as_it_was(cluster: Cluster) -> None:
    run(cluster, config_map("m", a="old"))
    before = cluster.get("v1", "ConfigMap", "m")
    frozen = {**config_map("m", a="new"), "immutable": True}
    mine = run(cluster, frozen)
    status, item = undo(cluster, mine)
    live = cluster.get("v1", "ConfigMap", "m")
    assert status is Status.UNDONE, item
    assert live is not None
    assert state_of(live) == state_of(before)
    assert "created anew" in item["why"]


def test_fields_of_another_manager_are_refused_before_anything_is_touched(cluster: Cluster) -> None:
    theirs = config_map("m", a="theirs")
    theirs["metadata"]["namespace"] = cluster.namespace
    cluster.client.apply({**theirs}, manager="gitops")
    with Session(kubeconfig=cluster.kubeconfig) as session:
        refused = session.run(config_of(cluster.namespace, config_map("m", a="ours")))
    assert refused.status is Status.REFUSED
    assert "data.a is owned by gitops" in str(refused.error)
    assert "--force-conflicts" in str(refused.error)


def test_fields_taken_by_force_go_back_to_their_manager(cluster: Cluster) -> None:
    from sternway_steps.config import DeployConfig

    theirs = config_map("m", a="theirs", b="1")
    theirs["metadata"]["namespace"] = cluster.namespace
    cluster.client.apply({**theirs}, manager="gitops")
    before = cluster.get("v1", "ConfigMap", "m")
    with Session(kubeconfig=cluster.kubeconfig) as session:
        config = config_of(cluster.namespace, config_map("m", a="ours"), deploy=DeployConfig(force_conflicts=True))
        done = session.run(config)
        assert done.exit_code == 0, done
    assert undo(cluster, done.run)[0] is Status.UNDONE
    assert state_of(cluster.get("v1", "ConfigMap", "m")) == state_of(before)


def test_the_runs_own_annotation_is_no_change(cluster: Cluster) -> None:
    run(cluster, config_map("m", a="1"))
    with Session(kubeconfig=cluster.kubeconfig) as session:
        [planned] = session.plan(config_of(cluster.namespace, config_map("m", a="1"))).previews
        again = session.run(config_of(cluster.namespace, config_map("m", a="1")))
        deploy = next(a for a in session.story(again.run).attempts if a.step == "deploy")
    assert (planned.result, planned.fields) == ("unchanged", ())
    assert [item["result"] for item in deploy.data["items"]] == ["unchanged"]


def test_an_error_does_not_repeat_what_variables_hold(cluster: Cluster) -> None:
    job = {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [
            {"name": "j", "image": "localhost/busybox:1", "command": ["true"], "env": [{"name": "KEY", "value": "hunter2"}]}]}}},
    }  # fmt: skip
    run(cluster, job)
    job["spec"]["template"]["spec"]["containers"][0]["command"] = ["sh", "-c", "true"]  # type: ignore[index]
    with Session(kubeconfig=cluster.kubeconfig) as session:
        refused = session.run(config_of(cluster.namespace, job))
    assert refused.status is Status.REFUSED
    assert "spec.template: " in str(refused.error)
    assert "field is immutable" in str(refused.error)
    assert "hunter2" not in str(refused.error)
    assert len(str(refused.error)) < 500


def test_two_rollbacks_at_once_both_succeed(cluster: Cluster) -> None:
    """As two handler pods would: each calls the step, and no lock keeps them apart."""
    from concurrent.futures import ThreadPoolExecutor

    from sternway_steps.step import Action

    old = [config_map(f"m{n}", a="old", b="1") for n in range(6)]
    run(cluster, *old)
    before = [state_of(cluster.get("v1", "ConfigMap", f"m{n}")) for n in range(6)]
    config = config_of(cluster.namespace, *(config_map(f"m{n}", a="new", c="2") for n in range(6)), config_map("mine"))
    with Session(kubeconfig=cluster.kubeconfig) as session:
        assert session.step(config, "deploy", Action.EXECUTE, "at-once", print).exit_code == 0
    sessions = [Session(kubeconfig=cluster.kubeconfig) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda s: s.step(config, "deploy", Action.ROLLBACK, "at-once", print), sessions))
    for session in sessions:
        session.close()
    assert [(r.exit_code, str(r.error)) for r in results] == [(0, "None")] * 3
    assert [state_of(cluster.get("v1", "ConfigMap", f"m{n}")) for n in range(6)] == before
    assert cluster.get("v1", "ConfigMap", "mine") is None
