"""What all tests share: a cluster to work on, the sandbox or a real one."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox

ROOT = Path(__file__).parent.parent
WEB = ROOT / "templates/examples/web/sternway.yaml"

if sys.dont_write_bytecode:
    # The tests start hundreds of processes, and each would compile all that it loads. Who wants no bytecode beside the
    # sources gets it in one folder of pytest's own.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / ".pytest_cache/bytecode"))

# How fast this machine is says nothing of the examples that hypothesis finds.
hypothesis.settings.register_profile("tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tests")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run folders in parallel, single files and what is tried on a real cluster in this process (as -n 0 does)."""
    files = [argument for argument in config.args if ".py" in argument]
    on_a_cluster = "KUBECONFIG" in os.environ and "not cluster" not in (config.option.markexpr or "")
    return 0 if files or on_a_cluster else max(2, len(os.sched_getaffinity(0)))


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
