"""What all tests share: a cluster to work on, the sandbox or a real one."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox

ROOT = Path(__file__).parent.parent
WEB = ROOT / "templates/examples/web/sternway.yaml"


@dataclass
class Cluster:
    """A cluster with a namespace of the test's own."""

    kubeconfig: str
    client: Client
    namespace: str
    real: bool
    sandbox: Sandbox | None = None
    environ: dict[str, str] = field(default_factory=dict)

    def get(self, api_version: str, kind: str, name: str) -> dict[str, Any] | None:
        return self.client.get(Ref(api_version, kind, self.namespace, name))


@pytest.fixture(params=["sandbox", pytest.param("real", marks=pytest.mark.cluster)])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    if request.param == "sandbox":
        with Sandbox() as sandbox:
            yield from _cluster(sandbox.kubeconfig, real=False, sandbox=sandbox)
    else:
        yield request.getfixturevalue("real")


@pytest.fixture
def real() -> Iterator[Cluster]:
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig:
        pytest.skip("no real cluster: KUBECONFIG is not set")
    yield from _cluster(kubeconfig, real=True, sandbox=None)


def _cluster(kubeconfig: str, *, real: bool, sandbox: Sandbox | None) -> Iterator[Cluster]:
    client = Client.connect(kubeconfig)
    name = f"test-{uuid.uuid4().hex[:8]}"
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager="test")
    try:
        yield Cluster(kubeconfig, client, name, real, sandbox)
    finally:
        if real:
            client.delete(Ref("v1", "Namespace", None, name), uid=None, propagation="Background")
        client.close()
