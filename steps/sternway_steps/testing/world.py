"""Where a step under test works: a namespace of its own, and a folder."""

from __future__ import annotations

import uuid
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..kube.client import Client
from ..objects.fields import content
from ..objects.ref import Ref
from ..process.spellings import SHORTEST


@dataclass(frozen=True)
class World:
    """What a test's `prepare`, `config` and `state` get.

    `folder` is empty, and no other test's. `kubeconfig` is None where the step needs no cluster.
    """

    folder: Path
    kubeconfig: str | None = None
    namespace: str = "default"
    _client: Client | None = None

    @property
    def client(self) -> Client:
        """A client for the test itself; raises AssertionError where the step needs no cluster."""
        if self._client is None:
            raise AssertionError("this step says that it needs no cluster (needs_cluster), so the test has none")
        return self._client

    def create(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object, in the test's namespace when it names none, and return it."""
        metadata = {"namespace": self.namespace, **obj["metadata"]}
        return self.client.create({**obj, "metadata": metadata}, manager="test")

    def read(self, api_version: str, kind: str, name: str) -> dict[str, Any] | None:
        """Return an object of the test's namespace without what the server writes itself (UID, version, status)."""
        live = self.client.get(Ref(api_version, kind, self.namespace, name))
        return None if live is None else content(live)

    def secrets(self) -> dict[str, bytes]:
        """Return the values of the Secrets of the test's namespace, by Secret and key; too short ones hide nothing."""
        if self._client is None:
            return {}
        listed = self._client.list("v1", "Secret", self.namespace).items
        return {
            f"key {key} of Secret {obj['metadata']['name']}": b64decode(value)
            for obj in listed
            for key, value in (obj.get("data") or {}).items()
            if len(b64decode(value)) >= SHORTEST
        }


@contextmanager
def world(folder: Path, kubeconfig: str | None) -> Iterator[World]:
    """Provide a world, with a new namespace if there is a cluster; the namespace is deleted in the end."""
    if kubeconfig is None:
        yield World(folder)
        return
    client, name = Client.connect(kubeconfig), f"step-{uuid.uuid4().hex[:8]}"
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager="test")
    try:
        yield World(folder, kubeconfig, name, client)
    finally:
        client.delete(Ref("v1", "Namespace", None, name), uid=None, propagation="Background")
        client.close()
