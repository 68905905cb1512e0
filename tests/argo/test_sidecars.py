"""Containers that admission puts into the pods of a pipeline, as a service mesh does: they end with what they stand beside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sternway_steps.journal.replay import Status

from tests.argo.conftest import OnArgo
from tests.scenarios.saga import files
from tests.scenarios.stamping import stamping

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
SERVES = "trap 'exit 0' TERM; while :; do sleep 1; done"
SIDECAR = {
    "name": "mesh", "image": "localhost/busybox:1", "command": ["sh", "-c", SERVES],
    "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}},
}  # fmt: skip
NATIVE = {"op": "add", "path": "/spec/initContainers/0", "value": {**SIDECAR, "restartPolicy": "Always"}}
CLASSIC = {"op": "add", "path": "/spec/containers/0", "value": SIDECAR}


@pytest.mark.parametrize("patch", [NATIVE, CLASSIC], ids=["native", "classic"])
@pytest.mark.parametrize("pods", ["one", "each"])
def test_a_sidecar_ends_with_the_pod(runner: OnArgo, tmp_path: Path, patch: dict[str, Any], pods: str) -> None:
    runner.argo = {**runner.argo, "pods": pods, "podGC": "OnWorkflowSuccess"}
    with stamping(runner.client, runner.namespace, patch, tmp_path, "pods", "workflows.argoproj.io/workflow"):
        runner.good(files(runner.namespace, 1, {}))
        bad = {"verify": {"http": [{"service": "nix", "port": 80, "retries": 0}]}}
        runner.start(files(runner.namespace, 2, bad))
        assert runner.ended() == 4
    story = runner.story()
    assert story is not None
    assert story.status is Status.UNDONE
    back = ["back"] if pods == "one" else ["rollback-deploy", "report"]
    assert [pod.partition(" ")[0] for pod in runner.pods()] == [*runner.forward(), *back]
    mine = runner.client.list("v1", "Pod", runner.namespace, labels=f"workflows.argoproj.io/workflow={runner.name}")
    of_each = [[*pod["spec"]["initContainers"], *pod["spec"]["containers"]] for pod in mine.items]
    assert len(of_each) == len(runner.pods())
    assert all(any(container["name"] == "mesh" for container in containers) for containers in of_each)
