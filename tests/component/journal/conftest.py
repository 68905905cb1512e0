"""A journal in each of its stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.backends.secrets import SecretStore
from sternway_steps.journal.backends.store import Store
from sternway_steps.kube.client import Client
from sternway_steps.sandbox import Sandbox


@pytest.fixture
def client(sternway_sandbox: Sandbox) -> Iterator[Client]:
    client = Client.connect(sternway_sandbox.kubeconfig)
    yield client
    client.close()


@pytest.fixture(params=["files", "secrets"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "files":
        return FileStore(tmp_path / "journal")
    return SecretStore(request.getfixturevalue("client"), "default")
