"""A saga on Argo beside the same number of empty pods in a row, on the same controller, in turn.

The pipeline deploys an object that costs nothing, so what is measured is what Sternway adds to Argo's own price for a
pod: start of the process, configuration, lock, journal. Seconds are Argo's own, from `startedAt` to `finishedAt`.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref

from tests.bench.measure import Cost, in_turn, table
from tests.helpers import command, config_map, until

API = "argoproj.io/v1alpha1"
IMAGE = os.environ.get("STERNWAY_TEST_IMAGE", "localhost/sternway-{step}:dev")
EMPTY = os.environ.get("STERNWAY_TEST_EMPTY_IMAGE", "localhost/busybox:1")


def argo(folder: Path, rounds: int) -> None:
    """Measure a success (three pods) and a failure with its undo (five), each beside as many empty pods."""
    client = Client.connect()
    space = f"bench-{uuid.uuid4().hex[:8]}"
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}, manager="bench")
    try:
        _pipeline(folder, space)
        rows = [("saga on Argo", "s", "ratio", "pods")]
        for what, name, pods in (("success", "good", 3), ("failure, undone", "bad", 5)):
            saga, row = {"workflowTemplateRef": {"name": name}}, _empty(pods)
            ours, empty = in_turn(rounds, *(partial(_timed, client, space, spec) for spec in (saga, row)))
            rows.append((what, f"{ours.wall:.1f}", f"{ours.wall / empty.wall:.2f}x", str(ours.code)))
            rows.append((f"{pods} empty pods", f"{empty.wall:.1f}", "1.00x", str(empty.code)))
        table("Argo (medians)", rows)
    finally:
        client.delete(Ref("v1", "Namespace", None, space), uid=None, propagation="Background")
        client.close()


def _pipeline(folder: Path, space: str) -> None:
    (folder / "one.yaml").write_text(yaml.safe_dump(config_map("one", a="1")))
    for name, http in (("good", []), ("bad", [{"service": "nix", "port": 80, "retries": 0}])):
        keys = {
            "name": name, "namespace": space, "manifests": ["one.yaml"], "argo": {"image": IMAGE},
            "verify": {"http": http},
        }  # fmt: skip
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(keys))
        made = subprocess.run(
            command("template", "-c", str(folder / f"{name}.yaml"), "-o", "-"),
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        subprocess.run(
            ["kubectl", "apply", "--server-side", "-f", "-"],
            input=made.stdout, check=True, capture_output=True, text=True,
        )  # fmt: skip


def _empty(pods: int) -> dict[str, Any]:
    main = {"image": EMPTY, "command": ["true"], "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}}
    rows = [[{"name": f"p{number}", "template": "empty"}] for number in range(pods)]
    templates = [{"name": "execute", "steps": rows}, {"name": "empty", "container": main}]
    return {"entrypoint": "execute", "templates": templates, "serviceAccountName": "sternway-good"}


def _timed(client: Client, space: str, spec: dict[str, Any], _round: int) -> Cost:
    """Run a Workflow; the cost's code is how many pods it took."""
    metadata = {"generateName": "bench-", "namespace": space}
    body = yaml.safe_dump({"apiVersion": API, "kind": "Workflow", "metadata": metadata, "spec": spec})
    made = subprocess.run(
        ["kubectl", "create", "-f", "-", "-o", "name"], input=body, check=True, capture_output=True, text=True
    )
    ref = Ref(API, "Workflow", space, made.stdout.strip().rpartition("/")[2])

    def over() -> dict[str, Any] | None:
        status: dict[str, Any] = (client.get(ref) or {}).get("status") or {}
        return status if status.get("finishedAt") else None

    status = until(over, 600, "the workflow ends")
    began, ended = (datetime.fromisoformat(status[key]) for key in ("startedAt", "finishedAt"))
    pods = [node for node in status["nodes"].values() if node["type"] == "Pod"]
    return Cost((ended - began).total_seconds(), 0.0, len(pods))
