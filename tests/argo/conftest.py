"""A real Argo: a namespace of its own, and the pipeline applied there."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.cluster.api_error import ApiError
from sternway_steps.cluster.client import Client
from sternway_steps.cluster.discovery import UnknownKind
from sternway_steps.cluster.ref import Ref

from tests.helpers import sternway, until

API = "argoproj.io/v1alpha1"
IMAGE = os.environ.get("STERNWAY_TEST_IMAGE", "localhost/sternway-{step}:dev")


@dataclass
class Argo:
    """Runs pipelines on Argo, through the Kubernetes API alone."""

    client: Client
    kubeconfig: str
    namespace: str
    folder: Path
    keys: dict[str, Any] = field(default_factory=dict)

    def apply(self, **keys: Any) -> None:
        """Write the configuration, generate from it, and apply what was generated."""
        self.keys = {
            "name": "web", "namespace": self.namespace, "image": "localhost/app:1", "port": 8080, "replicas": 1,
            "probes": {"readiness": "/ready"}, "verify": {"deadline": "1m", "grace": {"pull": "2s"}},
            "argo": {"image": IMAGE}, **keys,
        }  # fmt: skip
        config = self.folder / "sternway.yaml"
        config.write_text(json.dumps(self.keys))
        out = self.folder / "out"
        made = sternway("template", "--config", str(config), "--output", str(out), kubeconfig=self.kubeconfig)
        assert made.returncode == 0, made.stderr
        subprocess.run(
            ["kubectl", "--kubeconfig", self.kubeconfig, "apply", "--server-side", "--force-conflicts", "-f", str(out)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip

    def submit(self, **parameters: str) -> str:
        """Start a Workflow and give its name."""
        values = [{"name": name, "value": value} for name, value in parameters.items()]
        body = {
            "apiVersion": API, "kind": "Workflow", "metadata": {"generateName": "web-", "namespace": self.namespace},
            "spec": {"workflowTemplateRef": {"name": "web"}, "arguments": {"parameters": values}},
        }  # fmt: skip
        done = subprocess.run(
            ["kubectl", "--kubeconfig", self.kubeconfig, "create", "-f", "-", "-o", "name"],
            input=json.dumps(body), check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip().rpartition("/")[2]

    def workflow(self, name: str) -> dict[str, Any]:
        found = self.client.get(Ref(API, "Workflow", self.namespace, name))
        assert found is not None
        return found

    def phase(self, name: str) -> str:
        return str(self.workflow(name).get("status", {}).get("phase", ""))

    def ended(self, name: str, within: float = 240) -> dict[str, Any]:
        until(lambda: self.phase(name) in ("Succeeded", "Failed", "Error"), within, f"workflow {name} ends")
        return self.workflow(name)

    def pods(self, workflow: dict[str, Any]) -> dict[str, str]:
        """Give the phases of the pods that it took, by template and try."""
        nodes = workflow["status"].get("nodes", {}).values()
        return {f"{n['templateName']} {n['displayName']}": n["phase"] for n in nodes if n["type"] == "Pod"}

    def running(self, name: str, template: str) -> str:
        """Wait until a template's pod runs, and give its name."""

        def pod() -> str:
            for found in self.client.list(
                "v1", "Pod", self.namespace, labels=f"workflows.argoproj.io/workflow={name}"
            ).items:
                statuses = found.get("status", {}).get("containerStatuses") or []
                main = next((s for s in statuses if s["name"] == "main"), {})
                if f"-{template}-" in found["metadata"]["name"] and "running" in main.get("state", {}):
                    return str(found["metadata"]["name"])
            return ""

        return str(until(pod, 120, f"{template} runs"))

    def stop(self, name: str) -> None:
        """Do what `argo stop` does."""
        self.client.patch(Ref(API, "Workflow", self.namespace, name), {"spec": {"shutdown": "Stop"}}, manager="test")


@pytest.fixture
def argo(tmp_path: Path) -> Iterator[Argo]:
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig:
        pytest.skip("no real cluster: KUBECONFIG is not set")
    client = Client.connect(kubeconfig)
    try:
        client.resource(API, "WorkflowTemplate")
    except (ApiError, UnknownKind) as error:
        pytest.skip(f"no Argo Workflows on this cluster: {error}")
    name = f"argo-{uuid.uuid4().hex[:8]}"
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager="test")
    try:
        yield Argo(client, kubeconfig, name, tmp_path)
    finally:
        client.delete(Ref("v1", "Namespace", None, name), uid=None, propagation="Background")
        client.close()
