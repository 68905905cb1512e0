"""The build step's image: in a pod on a real node, with the node's Docker engine and registry."""

from __future__ import annotations

import json
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.builtin.build.reference import Reference
from sternway_steps.builtin.build.registry import Registry
from sternway_steps.objects.ref import Ref

from tests.cluster.image.conftest import REGISTRY, SOCKET, docker, inspect
from tests.component.builtin.build.shop import SCRATCH
from tests.conftest import Cluster
from tests.helpers import until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def image(build_image: str) -> Iterator[str]:
    """Push the image of the target `build`."""
    name = f"{REGISTRY}/sternway-build:test-{uuid.uuid4().hex[:8]}"
    docker("tag", build_image, name)
    try:
        docker("push", "--quiet", name)
        yield name
    finally:
        docker("rmi", name, check=False)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[str]:
    """Serve a repository as git's own protocol; gives its URL."""
    folder = tmp_path / "web"
    (folder / "app").mkdir(parents=True)
    (folder / "app/Dockerfile").write_text(SCRATCH)
    (folder / "app/hello").write_text(uuid.uuid4().hex)
    identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run(["git", "-C", str(folder), *identity, *words], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    daemon = subprocess.Popen(
        [
            "git",
            "daemon",
            "--export-all",
            "--listen=127.0.0.1",
            f"--port={port}",
            f"--base-path={tmp_path}",
            str(tmp_path),
        ]
    )
    try:
        until(lambda: _listens(port), 20, "git answers")
        yield f"git://127.0.0.1:{port}/web#main:app"
    finally:
        daemon.terminate()
        daemon.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as there:
        return not there.connect_ex(("127.0.0.1", port))


def test_it_is_one_step_and_runs_as_nobody(image: str) -> None:
    config = inspect(image)["Config"]
    assert (config["Entrypoint"], config["User"]) == (["sternway", "step", "build"], "65532:65532")
    assert "git version" in docker("run", "--rm", "--network", "none", "--entrypoint", "git", image, "--version").stdout
    code = "import sys, sternway_steps.builtin as b; b.builtin_steps(); print([m for m in ('docker', 'urllib3', 'kubernetes') if m in sys.modules])"
    assert docker("run", "--rm", "--entrypoint", "python", image, "-c", code).stdout.strip() == "[]"


def test_in_a_pod_it_builds_from_git_and_goes_back(real: Cluster, image: str, repository: str) -> None:
    reference = Reference.parse(f"{REGISTRY}/wt/{real.namespace}:1")
    keys = {
        "name": "web", "namespace": real.namespace, "manifests": ["settings.yaml"], "steps": ["build"],
        "build": {"image": reference.text, "context": repository, "builder": "docker"},
    }  # fmt: skip
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    files = {"sternway.yaml": json.dumps(keys), "settings.yaml": json.dumps(settings)}
    metadata = {"name": "pipeline", "namespace": real.namespace}
    real.client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": files}, manager="test")
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": real.namespace}],
    }  # fmt: skip
    real.client.create(binding, manager="test")
    assert run(real, image, "execute") == "Succeeded"
    assert Registry(reference).manifest() is not None
    assert run(real, image, "rollback") == "Succeeded"
    assert Registry(reference).manifest() is None


def run(cluster: Cluster, image: str, action: str) -> str:
    """Run an action in a pod under the restricted standard, but for what the node's engine asks for; gives its end."""
    container = {
        "name": "build", "image": image, "args": [action, "--run", "r1", "--config", "/config/sternway.yaml"],
        "securityContext": {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [
            {"name": "config", "mountPath": "/config"}, {"name": "tmp", "mountPath": "/tmp"}, {"name": "docker", "mountPath": SOCKET},
        ],
    }  # fmt: skip
    spec: dict[str, Any] = {
        "hostNetwork": True, "restartPolicy": "Never", "containers": [container],
        "securityContext": {"runAsNonRoot": True, "supplementalGroups": [Path(SOCKET).stat().st_gid]},
        "volumes": [
            {"name": "config", "configMap": {"name": "pipeline"}}, {"name": "tmp", "emptyDir": {}},
            {"name": "docker", "hostPath": {"path": SOCKET, "type": "Socket"}},
        ],
    }  # fmt: skip
    ref = Ref("v1", "Pod", cluster.namespace, action)
    metadata = {"name": action, "namespace": cluster.namespace}
    until(lambda: cluster.get("v1", "ServiceAccount", "default"), 30, "the namespace has its account")
    cluster.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, manager="test")

    def ended() -> str:
        phase = str(((cluster.client.get(ref) or {}).get("status") or {}).get("phase"))
        return phase if phase in ("Succeeded", "Failed") else ""

    phase = until(ended, 300, "the pod ends")
    if phase == "Failed":
        status = (cluster.client.get(ref) or {})["status"]["containerStatuses"][0]["state"]["terminated"]
        return f"{phase}: {status}"
    return str(phase)
