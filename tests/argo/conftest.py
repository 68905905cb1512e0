"""A real Argo: a namespace of its own, and the pipeline applied there."""

from __future__ import annotations

import os
import shlex
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.errors import Refused
from sternway_steps.journal.replay import Story
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client
from sternway_steps.kube.discovery import UnknownKind
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.stored_nodes import stored_nodes
from sternway_steps.session import Session

from tests.helpers import state_of, sternway, until
from tests.scenarios.hurdles import RealHurdles
from tests.scenarios.saga import OBJECTS, files

API = "argoproj.io/v1alpha1"
IMAGE = os.environ.get("STERNWAY_TEST_IMAGE", "localhost/sternway-{step}:dev")
PODS = os.environ.get("STERNWAY_TEST_PODS", "")
"""The setting `argo.pods` of all that does not set it itself; "" leaves it out."""
RESTART = os.environ.get("STERNWAY_TEST_RESTART_ARGO", "")
"""A command that restarts Argo's controller, where it is no Deployment of the cluster."""


@dataclass
class OnArgo:
    """Runs pipelines on Argo, through the Kubernetes API alone."""

    client: Client
    kubeconfig: str
    namespace: str
    folder: Path
    kind: str = "argo"
    unready: str = ""
    name: str = ""
    argo: dict[str, Any] = field(default_factory=lambda: {"image": IMAGE, **({"pods": PODS} if PODS else {})})

    def apply(self, files: Mapping[str, str]) -> None:
        """Generate from the configuration, and apply what was generated."""
        for name, text in files.items():
            (self.folder / name).write_text(text)
        config = self.folder / "sternway.yaml"
        config.write_text(yaml.safe_dump({**yaml.safe_load(config.read_text()), "argo": self.argo}))
        out = self.folder / "out"
        made = sternway("template", "--config", str(config), "--output", str(out), kubeconfig=self.kubeconfig)
        assert made.returncode == 0, made.stderr
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(out))

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        command = ["kubectl", "--kubeconfig", self.kubeconfig, *arguments]
        done = subprocess.run(command, input=stdin, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def submit(self, **parameters: str) -> str:
        """Start a Workflow and give its name."""
        values = [{"name": name, "value": value} for name, value in parameters.items()]
        body = {
            "apiVersion": API, "kind": "Workflow", "metadata": {"generateName": "web-", "namespace": self.namespace},
            "spec": {"workflowTemplateRef": {"name": "web"}, "arguments": {"parameters": values}},
        }  # fmt: skip
        made = self.kubectl("create", "-f", "-", "-o", "name", stdin=yaml.safe_dump(body))
        self.name = made.rpartition("/")[2]
        return self.name

    def good(self, files: Mapping[str, str]) -> None:
        """Run the old version; a success starts no pod for its handler."""
        self.start(files)
        assert self.ended() == 0, self.workflow()["status"]
        assert [pod.partition(" ")[0] for pod in self.pods()] == self.forward()

    def forward(self) -> list[str]:
        """Give the templates of the pods that three steps take on their way forward."""
        if self.argo.get("pods") == "each":
            return ["execute-validate", "execute-deploy", "execute-verify"]
        return ["forward"]

    def start(self, files: Mapping[str, str]) -> None:
        self.apply(files)
        self.submit()

    def workflow(self) -> dict[str, Any]:
        found = self.client.get(Ref(API, "Workflow", self.namespace, self.name))
        assert found is not None
        return found

    def story(self) -> Story | None:
        with Session(kubeconfig=self.kubeconfig, namespace=self.namespace) as session:
            try:
                return session.story(self.workflow()["metadata"]["uid"])
            except Refused:
                return None

    def ended(self) -> int:
        """Wait for the end; the code is the report's, which there is none of after a success."""

        def over() -> bool:
            return self.workflow().get("status", {}).get("phase") in ("Succeeded", "Failed", "Error")

        until(over, 300, f"workflow {self.name} ends")
        reported = [
            p for n in self.nodes("Pod") for p in n.get("outputs", {}).get("parameters", ()) if p["name"] == "code"
        ]
        codes = [p["value"] for p in reported if p["value"] != "none"]
        phase = self.workflow()["status"]["phase"]
        assert phase == "Succeeded" or codes, f"{phase}, and no report: {self.workflow()['status']}"
        return int(codes[-1]) if codes and phase != "Succeeded" else 0

    def works(self, step: str) -> None:
        """Wait until the journal says that a step is at work, in whatever pod."""

        def at_work() -> bool:
            story = self.story()
            return story is not None and any(a.step == step and not a.ended for a in story.attempts)

        until(at_work, 180, f"{step} works")

    def nodes(self, kind: str) -> list[dict[str, Any]]:
        """Give the nodes of a type, in the order in which they started."""
        nodes = (dict(node) for node in stored_nodes(self.workflow()))
        return sorted((n for n in nodes if n["type"] == kind), key=lambda n: str(n.get("startedAt")))

    def pods(self) -> list[str]:
        """Give the pods that it took, as `TEMPLATE NAME`."""
        return [f"{n['templateName']} {n['displayName']}" for n in self.nodes("Pod")]

    def act(self, do: str) -> None:
        """Do what the scenario does to the step that works."""
        if do == "stop":  # what `argo stop` does
            self.client.patch(
                Ref(API, "Workflow", self.namespace, self.name), {"spec": {"shutdown": "Stop"}}, manager="test"
            )
        elif do == "delete":
            working = f"workflows.argoproj.io/workflow={self.name}"
            pods = self.client.list("v1", "Pod", self.namespace, labels=working).items
            running = next(p for p in pods if p["status"]["phase"] not in ("Succeeded", "Failed"))
            self.client.delete(Ref.of(running), uid=running["metadata"]["uid"], propagation="Background")
        else:
            self.restart()

    def restart(self) -> None:
        """Restart Argo's controller."""
        if RESTART:
            subprocess.run(shlex.split(RESTART), check=True, capture_output=True)
            return
        name = "deployment/workflow-controller"
        self.kubectl("-n", "argo", "rollout", "restart", name)
        self.kubectl("-n", "argo", "rollout", "status", name, "--timeout=120s")


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[OnArgo]:
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig:
        pytest.skip("no real cluster: KUBECONFIG is not set")
    client = Client.connect(kubeconfig)
    try:
        client.resource(API, "WorkflowTemplate")
    except (ApiError, UnknownKind) as error:
        pytest.skip(f"no Argo Workflows on this cluster: {error}")
    name = f"argo-{uuid.uuid4().hex[:8]}"
    # Every pod of a pipeline passes the strictest of the Pod Security Standards; so does what it deploys, once it asks.
    labels = {"pod-security.kubernetes.io/warn": "restricted"}
    client.create(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}, manager="test"
    )
    try:
        yield OnArgo(client, kubeconfig, name, tmp_path)
    finally:
        client.delete(Ref("v1", "Namespace", None, name), uid=None, propagation="Background")
        client.close()


@pytest.fixture
def hurdles(runner: OnArgo) -> Iterator[RealHurdles]:
    made = RealHurdles(runner.client, runner.namespace)
    yield made
    made.remove()


@pytest.fixture(params=["one", "each"])
def good(runner: OnArgo, request: pytest.FixtureRequest) -> OnArgo:
    """Give a runner whose target is good, in both settings."""
    runner.argo = {"image": IMAGE, "pods": request.param}
    runner.good(files(runner.namespace, 1, {}))
    return runner


def left(runner: OnArgo) -> list[Any]:
    """Give the state of the target's objects."""
    return [state_of(runner.client.get(Ref(v, kind, runner.namespace, name))) for v, kind, name in OBJECTS]


def works(runner: OnArgo, step: str) -> None:
    """Wait until a step is at work."""

    def at_work() -> bool:
        story = runner.story()
        return story is not None and any(a.step == step and not a.ended for a in story.attempts)

    until(at_work, 180, f"{step} works")
