"""A pod belongs to what its owner says, through a ReplicaSet to the Deployment of that name."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.objects.pod_owner import owners_of


def pod(*owners: dict[str, Any], **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": "p", "ownerReferences": list(owners), "labels": labels}}


@pytest.mark.parametrize(("found", "expected"), [
    (pod(), [("Pod", "p")]),
    (pod({"kind": "Job", "name": "j", "controller": True}), [("Job", "j")]),
    (pod({"kind": "ReplicaSet", "name": "web-a-5f", "controller": True}, **{"pod-template-hash": "5f"}),
     [("ReplicaSet", "web-a-5f"), ("Deployment", "web-a")]),
    (pod({"kind": "ReplicaSet", "name": "bare-5f", "controller": True}), [("ReplicaSet", "bare-5f")]),
    (pod({"kind": "Node", "name": "n"}), [("Pod", "p")]),
])  # fmt: skip
def test_whose_a_pod_is(found: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert list(owners_of(found)) == expected
