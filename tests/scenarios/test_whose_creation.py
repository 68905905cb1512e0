"""Objects that a run found missing: what it created is deleted, what somebody else made meanwhile never is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from sternway_steps.builtin.deploy import execute as forward
from sternway_steps.config import DeployConfig
from sternway_steps.exits import Exit
from sternway_steps.journal.step_journal import StepJournal
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.release import apply
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, state_of

Objects = Sequence[Mapping[str, Any]]


@pytest.fixture
def evidence_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process dies between its apply and its evidence."""
    monkeypatch.setattr(StepJournal, "evidence", lambda *_: None)


def in_between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], *, create_only: bool = True) -> None:
    """Do something once, after the snapshot and before the apply; `create_only`: as journals say it today."""
    real, done = forward.intent, []

    def intent(*arguments: Any) -> dict[str, Any]:
        if not done:
            done.append(act())
        data = real(*arguments)
        return data if create_only else {key: value for key, value in data.items() if key != "create_only"}

    monkeypatch.setattr(forward, "intent", intent)


def as_before_create_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apply as runs did whose journals say nothing of it: on whatever is there."""
    real = apply.stamped

    def stamped(obj: Mapping[str, Any], run: str, before: Mapping[str, Any] | None) -> dict[str, Any]:
        given = real(obj, run, before)
        if before is None:
            given["metadata"].pop("resourceVersion")
        return given

    monkeypatch.setattr(apply, "stamped", stamped)


def theirs(cluster: Cluster, **data: str) -> dict[str, Any]:
    obj = config_map("m", **data)
    obj["metadata"]["namespace"] = cluster.namespace
    return obj


def undone(cluster: Cluster, run: str, policy: str | None = None) -> tuple[int, dict[str, Any]]:
    with Session(kubeconfig=cluster.kubeconfig) as session:
        code = session.rollback(run, on_conflict=policy).exit_code
        return code, session.story(run).attempts[-1].data["items"][0]


def deployed(cluster: Cluster, *objects: dict[str, Any]) -> str:
    with Session(kubeconfig=cluster.kubeconfig) as session:
        result = session.run(config_of(cluster.namespace, *objects, deploy=DeployConfig(force_conflicts=True)))
        assert result.exit_code == 0, result
        return result.run


def test_what_appears_after_the_snapshot_is_not_taken_for_the_runs_own(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_between(monkeypatch, lambda: cluster.client.create(theirs(cluster, a="theirs", b="1"), manager="somebody"))
    run = deployed(cluster, config_map("m", a="ours"))
    with Session(kubeconfig=cluster.kubeconfig) as session:
        attempts = [a.result for a in session.story(run).attempts if a.step == "deploy"]
    assert attempts == ["transient", "done"]  # it looked again, and knows what was there
    assert undone(cluster, run)[0] == 0
    live = cluster.get("v1", "ConfigMap", "m")
    assert live is not None
    assert live["data"] == {"a": "theirs", "b": "1"}
    assert [entry["manager"] for entry in live["metadata"]["managedFields"]] == ["somebody"]


@pytest.mark.usefixtures("evidence_is_lost")
@pytest.mark.parametrize("create_only", [True, False], ids=["today", "old-journal"])
def test_what_the_run_created_is_deleted_though_its_evidence_was_lost(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, create_only: bool
) -> None:
    in_between(monkeypatch, lambda: None, create_only=create_only)
    run = deployed(cluster, config_map("m", a="ours"))
    # A controller that adds its finalizer at once did not create it.
    ref = Ref("v1", "ConfigMap", cluster.namespace, "m")
    cluster.client.patch(ref, {"metadata": {"labels": {"seen": "yes"}}}, manager="operator")
    code, item = undone(cluster, run)
    assert (code, item["result"]) == (0, "deleted"), item
    assert cluster.get("v1", "ConfigMap", "m") is None


@pytest.mark.usefixtures("evidence_is_lost")
@pytest.mark.parametrize(("policy", "code", "result"), [("stop", Exit.ROLLBACK_FAILED, "conflict"), ("merge", 0, "kept"), ("force", Exit.ROLLBACK_FAILED, "conflict")])  # fmt: skip
def test_what_an_old_run_landed_on_stays_when_its_evidence_was_lost(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, policy: str, code: int, result: str
) -> None:
    in_between(
        monkeypatch,
        lambda: cluster.client.create(theirs(cluster, a="theirs", b="1"), manager="somebody"),
        create_only=False,
    )
    as_before_create_only(monkeypatch)
    run = deployed(cluster, config_map("m", a="ours"))
    got, item = undone(cluster, run, policy)
    assert (got, item["result"]) == (code, result)
    live = cluster.get("v1", "ConfigMap", "m")
    assert live is not None
    assert live["data"] == {"a": "ours", "b": "1"}
    assert "somebody" in item["why"] or "before this run's apply" in item["why"]


@pytest.mark.usefixtures("evidence_is_lost")
def test_a_copy_that_carries_the_runs_annotation_stays(cluster: Cluster) -> None:
    run = deployed(cluster, config_map("m", a="ours"))
    live = cluster.get("v1", "ConfigMap", "m")
    assert live is not None
    cluster.client.delete(Ref.of(live), uid=None, propagation="Background")
    kept = {key: live["metadata"][key] for key in ("name", "namespace", "annotations")}
    copy = cluster.client.create({**live, "metadata": kept}, manager="backup")
    code, item = undone(cluster, run)
    assert (code, item["result"]) == (Exit.ROLLBACK_FAILED, "conflict")
    assert "copy" in item["why"]
    assert state_of(cluster.get("v1", "ConfigMap", "m")) == state_of(copy)


def test_evidence_tells_what_is_ours_when_the_annotation_was_removed(cluster: Cluster) -> None:
    run = deployed(cluster, config_map("m", a="ours"))
    ref = Ref("v1", "ConfigMap", cluster.namespace, "m")
    cluster.client.patch(ref, {"metadata": {"annotations": {"sternway.dev/run": None}}}, manager="tidy")
    code, item = undone(cluster, run)
    assert (code, item["result"]) == (0, "deleted"), item
    assert cluster.get("v1", "ConfigMap", "m") is None


def test_what_somebody_puts_in_its_place_while_it_is_deleted_stays_and_is_said(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = deployed(cluster, config_map("m", a="ours"))
    real, made = Client.delete, []

    def delete(client: Client, ref: Ref, **how: Any) -> None:
        if ref.name == "m" and not made:
            real(client, ref, uid=None, propagation="Background")
            made.append(cluster.client.create(theirs(cluster, a="theirs"), manager="somebody"))
        real(client, ref, **how)

    monkeypatch.setattr(Client, "delete", delete)
    code, item = undone(cluster, run)
    assert (code, item["result"]) == (0, "kept"), item
    assert "another object of that name" in item["why"]
    assert state_of(cluster.get("v1", "ConfigMap", "m")) == state_of(made[0])
