"""A sandbox that serves Argo's kinds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sternway_steps.kube.client import Client
from sternway_steps.sandbox import Sandbox

from tests.helpers import served, until


@pytest.fixture
def argo(sternway_sandbox: Sandbox) -> Iterator[Client]:
    from tests.component.submit.playing import API, definition  # needs an extra, without which its tests are skipped

    client = Client.connect(sternway_sandbox.kubeconfig)
    for kind, plural in (("Workflow", "workflows"), ("WorkflowTemplate", "workflowtemplates")):
        client.create(definition(kind, plural), manager="test")
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, manager="test")
    until(lambda: served(client, API, "Workflow") and served(client, API, "WorkflowTemplate"))
    yield client
    client.close()
