"""What many scenarios begin with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session

from tests.conftest import Cluster


@pytest.fixture
def session(cluster: Cluster) -> Iterator[Session]:
    with Session(kubeconfig=cluster.kubeconfig) as session:
        yield session


@pytest.fixture
def noted() -> list[str]:
    """What the session `noting` warned of."""
    return []


@pytest.fixture
def noting(cluster: Cluster, noted: list[str]) -> Iterator[Session]:
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace, on_warning=noted.append) as session:
        yield session


@pytest.fixture
def other(cluster: Cluster) -> Iterator[str]:
    """Give a second namespace."""
    name = f"{cluster.namespace}-b"
    cluster.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager="test")
    yield name
    cluster.client.delete(Ref("v1", "Namespace", None, name), uid=None, propagation="Background")
