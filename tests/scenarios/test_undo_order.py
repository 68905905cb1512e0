"""In which order an undo goes: what was created goes first, settings are back before a workload that reads them."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from sternway_steps.builtin.deploy import undo
from sternway_steps.config import DeployConfig, StepConfig, VerifyConfig
from sternway_steps.config.schema import Grace
from sternway_steps.errors import Transient
from sternway_steps.exits import Exit
from sternway_steps.kube.transport import RequestLog
from sternway_steps.objects.ref import Ref
from sternway_steps.rollout import restart
from sternway_steps.rollout.wait import watch_rollout
from sternway_steps.saga.events import Event
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, deployment, state_of, until

VERIFY = VerifyConfig(deadline=60, grace=Grace(pull=1))
BAD = "localhost/app:missing"


def reader(name: str = "web", image: str = "localhost/app:1", **keys: Any) -> dict[str, Any]:
    """Give a Deployment whose container reads its mode from the ConfigMap `settings` when it starts."""
    source = {"configMapKeyRef": {"name": "settings", "key": "mode"}}
    obj = deployment(name, image, env=[{"name": "APP_MODE", "valueFrom": source}], **keys)
    obj["spec"]["strategy"] = {"type": "Recreate"}
    return obj


def pods(cluster: Cluster, app: str = "web") -> list[dict[str, Any]]:
    found = cluster.client.list("v1", "Pod", cluster.namespace, labels=f"app={app}").items
    return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]


def log(cluster: Cluster, pod: dict[str, Any]) -> str:
    return cluster.client.logs(cluster.namespace, pod["metadata"]["name"], pod["spec"]["containers"][0]["name"])


def test_created_ones_go_in_reverse_then_settings_are_put_back_then_workloads(cluster: Cluster) -> None:
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "added"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }  # fmt: skip
    writes: list[str] = []

    def note(request: RequestLog) -> None:
        kind = next((k for k in ("configmaps", "services", "deployments") if f"/{k}/" in request.path), "")
        if kind and request.method in ("PUT", "DELETE"):
            writes.append(f"{request.method} {kind}")

    with Session(kubeconfig=cluster.kubeconfig) as session:
        old = config_of(cluster.namespace, config_map("settings", mode="ok"), reader(), verify=VERIFY)
        assert session.run(old).exit_code == 0
    before = [
        state_of(cluster.get(*ref)) for ref in (("v1", "ConfigMap", "settings"), ("apps/v1", "Deployment", "web"))
    ]
    with Session(kubeconfig=cluster.kubeconfig, on_request=note) as session:
        more = deployment("more", image=BAD)
        new = config_of(
            cluster.namespace, config_map("settings", mode="slow"), service, reader(image=BAD), more, verify=VERIFY
        )
        result = session.run(new)
    assert (result.exit_code, result.rollback_errors) == (Exit.FAILED, ())
    assert list(dict.fromkeys(writes)) == ["DELETE deployments", "DELETE services", "PUT configmaps", "PUT deployments"]
    assert [
        state_of(cluster.get(*r)) for r in (("v1", "ConfigMap", "settings"), ("apps/v1", "Deployment", "web"))
    ] == before
    if cluster.real:  # the sandbox's containers read no ConfigMap
        assert ["mode ok" in log(cluster, pod) for pod in pods(cluster)] == [True]


def budget(app: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": app},
        "spec": {"selector": {"matchLabels": {"app": app}}, **spec},
    }  # fmt: skip


def others(cluster: Cluster, replicas: int, *more: dict[str, Any]) -> None:
    """Deploy a workload of somebody else that reads the run's settings."""
    for obj in (reader("other", replicas=replicas), *more):
        obj["metadata"]["namespace"] = cluster.namespace
        cluster.client.create(obj, manager="somebody")
    up(cluster, "other")


def up(cluster: Cluster, name: str) -> None:
    ref = Ref("apps/v1", "Deployment", cluster.namespace, name)
    report = watch_rollout(
        cluster.client, [ref], stop=threading.Event(), deadline=time.monotonic() + 60, grace=Grace(),
        on_progress=lambda _: None,
    )  # fmt: skip
    assert report.ready, report.summary


def fail_while_others_restart(cluster: Cluster, again: bool) -> tuple[int, list[dict[str, Any]], list[str]]:
    """Let a run fail; while its settings are live, the others' pods are made anew. Gives the undo's items, and them."""
    stale: list[str] = []

    def on_event(_: Event) -> None:
        live = cluster.get("v1", "ConfigMap", "settings")
        if live is None or live["data"]["mode"] != "slow" or stale:
            return
        for pod in pods(cluster, "other"):
            cluster.client.delete(Ref.of(pod), uid=None, propagation="Background")
        stale.append("")
        up(cluster, "other")
        stale[:] = [pod["metadata"]["uid"] for pod in pods(cluster, "other")]

    with Session(kubeconfig=cluster.kubeconfig) as session:
        new = config_of(
            cluster.namespace, config_map("settings", mode="slow"), reader(image=BAD), verify=VERIFY,
            deploy=DeployConfig(restart_stale=again),
        )  # fmt: skip
        result = session.run(new, on_event)
        items = session.story(result.run).attempts[-1].data["items"]
    return result.exit_code, [item for item in items if item["what"].startswith("pod/")], stale


def first(cluster: Cluster) -> None:
    with Session(kubeconfig=cluster.kubeconfig) as session:
        config = config_of(cluster.namespace, config_map("settings", mode="ok"), reader(), verify=VERIFY)
        assert session.run(config).exit_code == 0


@pytest.mark.parametrize("cluster", ["sandbox"], indirect=True)
def test_what_still_runs_with_the_failed_versions_settings_is_named(cluster: Cluster) -> None:
    first(cluster)
    others(cluster, 1)
    code, items, stale = fail_while_others_restart(cluster, again=False)
    assert code == Exit.FAILED
    assert [(item["result"], "ConfigMap settings (env APP_MODE)" in item["why"]) for item in items] == [("kept", True)]
    assert "--restart-stale" in items[0]["why"]
    assert [pod["metadata"]["uid"] for pod in pods(cluster, "other")] == stale


@pytest.mark.parametrize("cluster", ["sandbox"], indirect=True)
def test_an_undo_that_was_cut_off_still_names_it(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    first(cluster)
    others(cluster, 1)
    real, cut = undo.await_health, list[int]()

    def dies_once(*arguments: Any) -> str:
        if not cut:
            cut.append(1)
            raise Transient("the server is away")
        return real(*arguments)

    monkeypatch.setattr(undo, "await_health", dies_once)
    code, items, stale = fail_while_others_restart(cluster, again=False)
    assert (code, cut) == (Exit.FAILED, [1])
    assert [item["result"] for item in items] == ["kept"], items
    assert [pod["metadata"]["uid"] for pod in pods(cluster, "other")] == stale


def test_and_is_restarted_one_by_one_when_asked(cluster: Cluster) -> None:
    first(cluster)
    others(cluster, 2, budget("other", maxUnavailable=1))
    before = cluster.get("apps/v1", "Deployment", "other")
    code, items, stale = fail_while_others_restart(cluster, again=True)
    assert code == Exit.FAILED
    assert [item["result"] for item in items] == ["restored", "restored"], items
    now = pods(cluster, "other")
    assert len(now) == len(stale) == 2
    assert not {pod["metadata"]["uid"] for pod in now} & set(stale)
    after = cluster.get("apps/v1", "Deployment", "other")
    assert before is not None
    assert after is not None
    assert after["metadata"]["generation"] == before["metadata"]["generation"]  # nothing of its content is another
    if cluster.real:
        assert ["mode ok" in log(cluster, pod) for pod in now] == [True, True]


@pytest.mark.parametrize("cluster", ["sandbox"], indirect=True)
def test_what_a_budget_does_not_let_go_is_named_as_not_restarted(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    first(cluster)
    others(cluster, 1, budget("other", minAvailable=1))
    monkeypatch.setattr(restart, "_ASK_AGAIN", VERIFY.deadline)  # no second try within the time that is left
    code, items, stale = fail_while_others_restart(cluster, again=True)
    assert code == Exit.ROLLBACK_FAILED
    assert [item["result"] for item in items] == ["failed"]
    assert "disruption budget" in items[0]["why"]
    assert [pod["metadata"]["uid"] for pod in pods(cluster, "other")] == stale


@pytest.mark.parametrize(
    ("cluster", "policy"),
    [("sandbox", "stop"), ("sandbox", "force"), pytest.param("real", "force", marks=pytest.mark.cluster)],
    indirect=["cluster"],
)
def test_a_job_that_has_ended_and_is_gone_is_no_conflict_and_not_run_again(cluster: Cluster, policy: str) -> None:
    def job(ttl: int, **labels: str) -> dict[str, Any]:
        one = {"name": "j", "image": "localhost/busybox:1", "command": ["true"]}
        spec = {"ttlSecondsAfterFinished": ttl, "template": {"spec": {"containers": [one], "restartPolicy": "Never"}}}
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "labels": labels}, "spec": spec}

    with Session(kubeconfig=cluster.kubeconfig) as session:
        first = config_of(cluster.namespace, job(9999), config_map("settings", mode="ok"))
        assert session.run(first).exit_code == 0
        again = config_of(cluster.namespace, job(0, a="b"), config_map("settings", mode="slow"))
        result = session.run(
            replace(again, steps=tuple(s for s in again.steps if isinstance(s, StepConfig) and s.name == "deploy"))
        )
        assert result.exit_code == 0, result
        if not cluster.real:
            cluster.client.delete(Ref("batch/v1", "Job", cluster.namespace, "j"), uid=None, propagation="Background")
        until(lambda: cluster.get("batch/v1", "Job", "j") is None, what="the Job's time to live is over")
        undone = session.rollback(result.run, on_conflict=policy)
        items = {item["what"]: item for item in session.story(result.run).attempts[-1].data["items"]}
    assert undone.exit_code == 0, undone
    item = items[f"job.batch/j in {cluster.namespace}"]
    assert (item["result"], "ended by itself" in item["why"]) == ("absent", True)
    assert cluster.get("batch/v1", "Job", "j") is None
    settings = cluster.get("v1", "ConfigMap", "settings")
    assert settings is not None
    assert settings["data"] == {"mode": "ok"}
