"""Somebody deploys over a run while it is verified: what the run deployed is not what is live, and that is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sternway_steps.config import Config, DeployConfig, StepConfig
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.rollout import wait
from sternway_steps.saga.result import Result
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, deployment, until

DEPLOYMENT, CONFIG_MAP = ("apps/v1", "Deployment"), ("v1", "ConfigMap")


def run(
    cluster: Cluster, config: Config, monkeypatch: pytest.MonkeyPatch, meddle: Callable[[], Any] = lambda: None
) -> Result:
    """Run it; `meddle` is done between deploy and verify."""
    real = wait.watch_rollout

    def meddled(*arguments: Any, **keys: Any) -> Any:
        meddle()
        return real(*arguments, **keys)

    with Session(kubeconfig=cluster.kubeconfig) as session, monkeypatch.context() as patched:
        patched.setattr(wait, "watch_rollout", meddled)
        return session.run(config)


def patch(cluster: Cluster, kind: tuple[str, str], name: str, change: Any, manager: str, subresource: str = "") -> None:
    ref = Ref(*kind, cluster.namespace, name)
    cluster.client.patch(ref, change, manager=manager, subresource=subresource)


def web(image: str = "localhost/app:2", replicas: int | None = 0, **spec: Any) -> dict[str, Any]:
    made = deployment("web", image, replicas)
    return {**made, "spec": {**made["spec"], **spec}}


def image(cluster: Cluster) -> str:
    live = cluster.get(*DEPLOYMENT, "web")
    assert live is not None
    return str(live["spec"]["template"]["spec"]["containers"][0]["image"])


def set_image(cluster: Cluster) -> None:
    containers = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "localhost/app:3"}]
    ref = Ref(*DEPLOYMENT, cluster.namespace, "web")
    cluster.client.raw(
        "PATCH", cluster.client.resource(*DEPLOYMENT).path(ref.namespace, ref.name, ""),
        query={"fieldManager": "kubectl-set"}, body=containers, content_type="application/json-patch+json",
    )  # fmt: skip


def test_an_image_that_somebody_set_meanwhile_is_not_the_runs_success(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = config_of(cluster.namespace, web("localhost/app:1"))
    assert run(cluster, old, monkeypatch).exit_code == 0
    meddled = run(cluster, config_of(cluster.namespace, web()), monkeypatch, lambda: set_image(cluster))
    assert meddled.status is Status.ROLLBACK_FAILED  # theirs by the policy `stop`
    assert "spec.template.spec.containers[name=web].image (by kubectl-set)" in str(meddled.error)
    assert image(cluster) == "localhost/app:3"
    forced = replace(
        config_of(cluster.namespace, web()), deploy=DeployConfig(force_conflicts=True, on_conflict="force")
    )
    back = run(cluster, forced, monkeypatch, lambda: set_image(cluster))
    assert back.status is Status.UNDONE


def test_another_target_that_deploys_over_it_is_named(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    force = DeployConfig(force_conflicts=True, on_conflict="merge")
    other = replace(config_of(cluster.namespace, web("localhost/app:3"), deploy=force), name="other")

    def theirs() -> None:
        with Session(kubeconfig=cluster.kubeconfig) as session:
            assert session.run(replace(other, steps=(StepConfig("deploy", "deploy"),))).exit_code == 0

    mine = run(cluster, config_of(cluster.namespace, web(), deploy=force), monkeypatch, theirs)
    assert f"image (by sternway:{cluster.namespace}.other)" in str(mine.error)
    assert image(cluster) == "localhost/app:3"


@pytest.mark.parametrize(
    ("change", "who"), [({"data": {"a": "2"}}, "by kubectl-edit"), ({"data": {"a": None}}, "gone; kubectl-edit wrote")]
)
def test_what_has_no_state_is_compared_too(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, change: Any, who: str
) -> None:
    config = config_of(cluster.namespace, config_map("m", a="1", b="1"))
    meddled = run(cluster, config, monkeypatch, lambda: patch(cluster, CONFIG_MAP, "m", {**change, "metadata": {"labels": {"x": "y"}}}, "kubectl-edit"))  # fmt: skip
    assert meddled.status is not Status.SUCCEEDED
    assert f"data.a ({who}" in str(meddled.error)
    assert "data.b" not in str(meddled.error)


def test_an_object_that_was_made_anew_is_not_the_runs(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = config_map("m", a="1")

    def anew() -> None:
        cluster.client.delete(Ref(*CONFIG_MAP, cluster.namespace, "m"), uid=None, propagation="Background")
        until(lambda: cluster.get(*CONFIG_MAP, "m") is None)
        cluster.client.create({**mine, "metadata": {"name": "m", "namespace": cluster.namespace}}, manager="somebody")

    meddled = run(cluster, config_of(cluster.namespace, mine), monkeypatch, anew)
    assert meddled.status is Status.UNDONE
    assert "made another one of that name (first written by somebody)" in str(meddled.error)
    assert cluster.get(*CONFIG_MAP, "m") is not None


def test_what_the_run_did_not_apply_is_nobodys_concern(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def theirs() -> None:
        patch(cluster, DEPLOYMENT, "web", {"spec": {"replicas": 1}}, "kubectl-edit")
        patch(cluster, DEPLOYMENT, "web", {"metadata": {"labels": {"theirs": "1"}}}, "kubectl-label")
        patch(cluster, CONFIG_MAP, "m", {"data": {"theirs": "1"}}, "kubectl-edit")

    config = config_of(cluster.namespace, web(replicas=None), config_map("m", a="1"))
    assert run(cluster, config, monkeypatch, theirs).status is Status.SUCCEEDED


@pytest.mark.parametrize("scaler", ["the controller", "an autoscaler of the target", "a person"])
def test_an_autoscalers_replicas_are_no_difference(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, scaler: str
) -> None:
    def scaled() -> None:
        if scaler == "an autoscaler of the target":
            target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
            spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 2}
            name = {"name": "web", "namespace": cluster.namespace}
            hpa = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": name, "spec": spec}
            cluster.client.create(hpa, manager="somebody")
        if scaler == "the controller":
            patch(cluster, DEPLOYMENT, "web", {"spec": {"replicas": 2}}, "kube-controller-manager", "scale")
        else:
            patch(cluster, DEPLOYMENT, "web", {"spec": {"replicas": 2}}, "kubectl-edit")

    result = run(cluster, config_of(cluster.namespace, web(replicas=1)), monkeypatch, scaled)
    if scaler == "a person":
        assert "spec.replicas (by kubectl-edit)" in str(result.error)
    else:
        assert result.status is Status.SUCCEEDED, result
