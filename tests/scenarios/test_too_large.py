"""An object that the API server takes and etcd does not: said within seconds, with all that was changed undone."""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sternway_steps.config import StepConfig
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, state_of, until

DEPLOY = (StepConfig("deploy", "deploy"),)


@pytest.fixture
def blobs(real: Cluster) -> Iterator[str]:
    """A kind that keeps unknown fields; gives its API version."""
    group = f"{uuid.uuid4().hex[:8]}.sternway.dev"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"kind": "Blob", "plural": "blobs"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    metadata = {"name": f"blobs.{group}"}
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }
    ref = Ref.of(real.client.create(body, manager="test"))

    def served() -> bool:
        conditions = (real.client.get(ref) or {}).get("status", {}).get("conditions") or []
        return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)

    until(served)
    yield f"{group}/v1"
    real.client.delete(ref, uid=None, propagation="Background")


@pytest.mark.cluster
def test_a_request_that_is_too_large_is_not_tried_for_a_minute(real: Cluster, blobs: str) -> None:
    old, new = (config_map("settings", version=number) for number in "12")
    text = "".join(random.Random(1).choices("abcdefghij", k=1_900_000))
    blob: dict[str, Any] = {"apiVersion": blobs, "kind": "Blob", "metadata": {"name": "b"}, "spec": {"x": text}}
    with Session(kubeconfig=real.kubeconfig) as session:
        assert session.run(config_of(real.namespace, old, steps=DEPLOY)).exit_code == 0
        before = state_of(real.get("v1", "ConfigMap", "settings"))
        began = time.monotonic()
        result = session.run(config_of(real.namespace, new, blob, steps=DEPLOY))
    assert time.monotonic() - began < 15
    assert (result.status, result.exit_code) == (Status.UNDONE, 4), result
    assert re.search(r"too large \(it had 19\d{5} bytes\)", str(result.error)), result.error
    assert state_of(real.get("v1", "ConfigMap", "settings")) == before
    assert real.get(blobs, "Blob", "b") is None
