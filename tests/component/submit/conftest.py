"""A sandbox that serves Argo's kinds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sternway_steps.kube.client import Client
from sternway_steps.kube.discovery import UnknownKind
from sternway_steps.sandbox import Sandbox

from tests.helpers import until


@pytest.fixture
def argo(sternway_sandbox: Sandbox) -> Iterator[Client]:
    from tests.component.submit.playing import API, definition  # needs an extra, without which its tests are skipped

    client = Client.connect(sternway_sandbox.kubeconfig)
    for kind, plural in (("Workflow", "workflows"), ("WorkflowTemplate", "workflowtemplates")):
        client.create(definition(kind, plural), manager="test")
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, manager="test")

    def served() -> bool:
        client.forget_discovery()
        try:
            return bool(client.resource(API, "Workflow") and client.resource(API, "WorkflowTemplate"))
        except UnknownKind:
            return False

    until(served)
    yield client
    client.close()
