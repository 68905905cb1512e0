"""Which nodes of a Workflow are read, as Argo 4.1.2 keeps them."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any, cast

import pytest
from sternway_steps.kube.client import Client
from sternway_steps.saga.stored_nodes import stored_nodes
from sternway_steps.saga.workflow_nodes import succeeded_nodes, unstarted_nodes

NODES: dict[str, dict[str, Any]] = {
    "w": {"name": "w", "displayName": "w", "templateName": "execute", "type": "Steps", "phase": "Failed"},
    "w-4240027036": {
        "name": "w[1].deploy", "displayName": "deploy", "templateName": "execute-deploy", "type": "Pod",
        "phase": "Pending", "message": "PodInitializing", "finishedAt": "2026-11-28T23:51:44Z",
    },
    "w-1": {"name": "w[0].validate", "displayName": "validate", "type": "Pod", "phase": "Succeeded"},
    "w-2": {"name": "w[1].more", "displayName": "more", "type": "Skipped", "phase": "Pending"},
    "w-3": {"name": "w.onExit[0].deploy", "displayName": "deploy", "type": "Pod", "phase": "Pending"},
    "w-4": {"name": "w.onExit[0].x", "displayName": "x", "type": "Pod", "phase": "Succeeded"},
}  # fmt: skip


class _Seen:
    """A client that sees one Workflow."""

    namespace = "shop"

    def __init__(self, annotations: dict[str, str]) -> None:
        self.annotations = annotations

    def get(self, _: object) -> dict[str, Any]:
        nodes = {key: {**node, "id": key} for key, node in NODES.items()}
        metadata = {"name": "w", "uid": "r", "annotations": self.annotations}
        return {"metadata": metadata, "status": {"nodes": nodes}}


@pytest.mark.parametrize(
    ("names", "pod"), [("v2", "w-execute-deploy-4240027036"), ("v1", "w-4240027036"), ("", "w-execute-deploy-4240027036")]
)  # fmt: skip
def test_a_pod_of_the_way_forward_that_never_started_has_its_name(names: str, pod: str) -> None:
    client = cast(Client, _Seen({"workflows.argoproj.io/pod-name-format": names} if names else {}))
    (found,) = unstarted_nodes(client, "w", "r")
    assert (found["displayName"], found["podName"]) == ("deploy", pod)
    assert unstarted_nodes(client, "w", "another run") == []


def test_what_succeeded_forward_is_told_by_name() -> None:
    assert succeeded_nodes(cast(Client, _Seen({})), "w", "r") == {"validate"}


def packed(content: bytes) -> dict[str, Any]:
    return {"status": {"compressedNodes": base64.b64encode(content).decode()}}


def test_those_of_a_large_workflow_are_unpacked() -> None:
    assert stored_nodes(packed(gzip.compress(json.dumps(NODES).encode()))) == list(NODES.values())


NONE = {
    "nothing": b"",
    "another way to pack": b"\x28\xb5\x2f\xfd",
    "a list": gzip.compress(b"[1]"),
    "too deep": gzip.compress(b"[" * 100_000),
    "too large": gzip.compress(b" " * (1 << 27)),
}


@pytest.mark.parametrize("content", NONE.values(), ids=NONE)
def test_what_cannot_be_unpacked_is_none(content: bytes) -> None:
    assert stored_nodes(packed(content)) == []
