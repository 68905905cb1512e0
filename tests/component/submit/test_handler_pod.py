"""Before a run starts, the server is asked whether it would take the pods that undo it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.errors import Refused
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox.faults import fail

from tests.conftest import Cluster
from tests.helpers import until

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.submit.handler_pod import handler_pods, require_startable
from sternway_templates.submit.submission import Submission, read_submission


def submission(cluster: Cluster, folder: Path, **keys: Any) -> Submission:
    path = folder / "sternway.yaml"
    path.write_text(json.dumps({"name": "web", "namespace": cluster.namespace, "image": "web:1", **keys}))
    return read_submission(str(path), (), {}, StringIO())


def with_account(cluster: Cluster) -> None:
    metadata = {"name": "sternway-web", "namespace": cluster.namespace}
    cluster.client.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}, manager="test")


def test_what_can_start_is_asked_and_nothing_is_made(cluster: Cluster, tmp_path: Path) -> None:
    with_account(cluster)
    assert require_startable(cluster.client, submission(cluster, tmp_path)) == ""
    assert cluster.client.list("v1", "Pod", cluster.namespace).items == []


def test_all_containers_of_the_handler_are_asked_for(cluster: Cluster, tmp_path: Path) -> None:
    limits = {"limits": {"memory": "99Mi"}, "requests": {"cpu": "10m"}}
    pods = list(handler_pods(submission(cluster, tmp_path, argo={"resources": limits, "user": 1234}).template))
    images = [each["image"].partition(":")[0] for pod in pods for each in pod["spec"]["containers"]]
    assert set(images) == {"localhost/sternway-deploy", "argoexec"}
    assert {pod["spec"]["serviceAccountName"] for pod in pods} == {"sternway-web"}
    assert {pod["spec"]["securityContext"]["runAsUser"] for pod in pods} == {1234}
    asked = [each for pod in pods for each in pod["spec"]["containers"] if each["name"] != "wait"]
    assert any(each.get("resources", {}).get("limits") == limits["limits"] for each in asked)


@pytest.mark.parametrize("cluster", ["sandbox"], indirect=True)
def test_who_may_make_no_pods_is_told(cluster: Cluster, tmp_path: Path) -> None:
    assert cluster.sandbox is not None
    cluster.sandbox.access.deny("create", "pods")
    assert "we may not create pods" in require_startable(cluster.client, submission(cluster, tmp_path))


@pytest.mark.parametrize("cluster", ["sandbox"], indirect=True)
def test_what_admission_says_refuses_the_run(cluster: Cluster, tmp_path: Path) -> None:
    assert cluster.sandbox is not None
    cluster.sandbox.faults.when(
        lambda r: r.path.endswith("/pods") and r.method == "POST", fail(403, "Forbidden"), times=9
    )
    with pytest.raises(Refused, match="exit handler could not start") as raised:
        require_startable(cluster.client, submission(cluster, tmp_path))
    assert cluster.namespace in str(raised.value.remedy)


def _quota(cluster: Cluster) -> None:
    _made(cluster, "ResourceQuota", {"hard": {"pods": "0"}})


def _limits(cluster: Cluster) -> None:
    _made(cluster, "LimitRange", {"limits": [{"type": "Container", "max": {"memory": "16Mi"}}]})


def _restricted(cluster: Cluster) -> None:
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    cluster.client.patch(Ref("v1", "Namespace", None, cluster.namespace), label, manager="test")


def _no_account(cluster: Cluster) -> None:
    cluster.client.delete(Ref("v1", "ServiceAccount", cluster.namespace, "sternway-web"), uid=None)


def _made(cluster: Cluster, kind: str, spec: dict[str, Any]) -> None:
    metadata = {"name": "small", "namespace": cluster.namespace}
    cluster.client.create({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}, manager="test")


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("stand", "says"),
    [
        (_quota, "exceeded quota: small"),
        (_limits, "maximum memory usage per Container is 16Mi"),
        (_restricted, "violates PodSecurity"),
        (_no_account, 'serviceaccount "sternway-web" not found'),
    ],
)
def test_a_real_server_names_what_is_in_the_way(real: Cluster, tmp_path: Path, stand: Any, says: str) -> None:
    cluster = real
    with_account(cluster)
    made = submission(cluster, tmp_path, argo={"podSecurityContext": {"runAsNonRoot": False}, "user": 1000, "securityContext": {"allowPrivilegeEscalation": True}})  # fmt: skip
    assert require_startable(cluster.client, made) == ""
    stand(cluster)

    def refused() -> str:
        try:
            return require_startable(cluster.client, made)
        except Refused as error:
            return str(error)

    said = until(refused, 30, "admission has seen it")
    assert "exit handler could not start" in said
    assert says in said
