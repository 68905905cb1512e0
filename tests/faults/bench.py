"""Benches on a cluster, each in a namespace of its own."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref

from tests.faults.proxy import Proxy
from tests.faults.rounds import Bench


@contextmanager
def bench(kubeconfig: str) -> Iterator[Bench]:
    """Give a bench; its namespace goes with it."""
    client = Client.connect(kubeconfig)
    name = f"faults-{uuid.uuid4().hex[:8]}"
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager="test")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="sternway-faults-") as folder,
            Proxy(kubeconfig, Path(folder)).serving() as proxy,
        ):
            yield Bench(kubeconfig, name, Path(folder), proxy)
    finally:
        client.delete(Ref("v1", "Namespace", None, name), uid=None, propagation="Background")
        client.close()
