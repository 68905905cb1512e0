"""A journal in each of its stores."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.backends.secrets import SecretStore
from sternway_steps.journal.backends.store import Store
from sternway_steps.journal.encryption import NO_KEYS
from sternway_steps.journal.key_source import keys_in
from sternway_steps.kube.client import Client
from sternway_steps.sandbox import Sandbox

KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def client(sternway_sandbox: Sandbox) -> Iterator[Client]:
    client = Client.connect(sternway_sandbox.kubeconfig)
    yield client
    client.close()


@pytest.fixture(params=["files", "secrets", "encrypted files", "encrypted secrets"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    keys = keys_in(KEY, "a test") if request.param.startswith("encrypted") else NO_KEYS
    if request.param.endswith("files"):
        return FileStore(tmp_path / "journal", keys=keys)
    return SecretStore(request.getfixturevalue("client"), "default", keys=keys)
