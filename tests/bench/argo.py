"""A saga on Argo beside its steps as empty pods in a row, on the same controller, in turn: in shared pods, and in one each.

The pipeline deploys an object that costs nothing, so what is measured is what Sternway adds to Argo's own price for a
pod: start of the process, configuration, lock, journal. Seconds run from the Workflow's creation to its end as a reader of the API sees
it: Argo's own `startedAt` and `finishedAt` are whole seconds, too coarse to compare runs of seven.
"""

from __future__ import annotations

import os
import subprocess
import time
import uuid
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
PODS = os.environ.get("STERNWAY_BENCH_PODS", "one each").split()
EMPTY = os.environ.get("STERNWAY_TEST_EMPTY_IMAGE", "localhost/busybox:1")


def argo(folder: Path, rounds: int) -> None:
    """Measure a success (three steps) and a failure with its undo (five with the report), each beside as many empty pods."""
    client = Client.connect()
    space = f"bench-{uuid.uuid4().hex[:8]}"
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}, manager="bench")
    try:
        _pipeline(folder, space)
        rows = [("saga on Argo", "s", "ratio", "pods")]
        for what, name, steps in (("success", "good", 3), ("failure, undone", "bad", 5)):
            sagas = [{"workflowTemplateRef": {"name": f"{name}-{pods}"}} for pods in PODS]
            found = in_turn(rounds, *(partial(_timed, client, space, spec) for spec in (_empty(steps), *sagas)))
            rows.append((f"{steps} empty pods", f"{found[0].wall:.1f}", "1.00x", str(found[0].code)))
            for pods, ours in zip(PODS, found[1:], strict=True):
                ratio = f"{ours.wall / found[0].wall:.2f}x"
                rows.append((f"{what}, pods: {pods}", f"{ours.wall:.1f}", ratio, str(ours.code)))
        table("Argo (medians)", rows)
    finally:
        client.delete(Ref("v1", "Namespace", None, space), uid=None, propagation="Background")
        client.close()


def _pipeline(folder: Path, space: str) -> None:
    (folder / "one.yaml").write_text(yaml.safe_dump(config_map("one", a="1")))
    wanted = (("good", []), ("bad", [{"service": "nix", "port": 80, "retries": 0}]))
    for name, http, pods in ((f"{name}-{pods}", http, pods) for name, http in wanted for pods in PODS):
        keys = {
            "name": name, "namespace": space, "manifests": ["one.yaml"], "verify": {"http": http},
            "argo": {"image": IMAGE, "pods": pods},
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
    return {"entrypoint": "execute", "templates": templates, "serviceAccountName": f"sternway-good-{PODS[0]}"}


def _timed(client: Client, space: str, spec: dict[str, Any], _round: int) -> Cost:
    """Run a Workflow; the cost's code is how many pods it took."""
    metadata = {"generateName": "bench-", "namespace": space}
    body = yaml.safe_dump({"apiVersion": API, "kind": "Workflow", "metadata": metadata, "spec": spec})
    made = subprocess.run(
        ["kubectl", "create", "-f", "-", "-o", "name"], input=body, check=True, capture_output=True, text=True
    )
    began = time.monotonic()
    ref = Ref(API, "Workflow", space, made.stdout.strip().rpartition("/")[2])

    def over() -> dict[str, Any] | None:
        status: dict[str, Any] = (client.get(ref) or {}).get("status") or {}
        return status if status.get("finishedAt") else None

    status = until(over, 600, "the workflow ends")
    wall = time.monotonic() - began
    pods = [node for node in status["nodes"].values() if node["type"] == "Pod"]
    return Cost(wall, 0.0, len(pods))
