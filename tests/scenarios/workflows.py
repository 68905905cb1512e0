"""Workflows that no controller needs to work on, also where there is no Argo."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from sternway_steps.objects.ref import Ref

from tests.conftest import Cluster
from tests.helpers import served, until

API = "argoproj.io/v1alpha1"


@contextmanager
def workflows(cluster: Cluster) -> Iterator[Callable[..., str]]:
    """Give the function that makes Workflow `w`, which starts no pods, and returns its UID; it is given its nodes.

    Where there is no Argo, the kind is defined for the time being.
    """
    defined = None if served(cluster.client, API, "Workflow") else cluster.client.create(_definition(), manager="test")
    until(lambda: served(cluster.client, API, "Workflow"), 10, "the kind is served")

    def make(*nodes: Mapping[str, str]) -> str:
        spec = {"entrypoint": "e", "suspend": True, "templates": [{"name": "e", "suspend": {}}]}
        body = {"apiVersion": API, "kind": "Workflow", "metadata": {"name": "w", "namespace": cluster.namespace}}
        made = cluster.client.create({**body, "spec": spec}, manager="test")
        if nodes:
            whole = {f"w-{n}": {"id": f"w-{n}", **node} for n, node in enumerate(nodes)}
            ref = Ref(API, "Workflow", cluster.namespace, "w")
            cluster.client.patch(ref, {"status": {"nodes": whole}}, manager="test")
        return str(made["metadata"]["uid"])

    yield make
    if defined is not None:
        cluster.client.delete(Ref.of(defined), uid=defined["metadata"]["uid"], propagation="Background")
        until(lambda: cluster.client.get(Ref.of(defined)) is None, 120, "the kind is gone")


def in_its_namespace(cluster: Cluster, folder: Path) -> str:
    """Return a kubeconfig whose context is in the namespace of the pods, as a pod's own account is."""
    text = yaml.safe_load(Path(cluster.kubeconfig).read_text())
    text["contexts"][0]["context"]["namespace"] = cluster.namespace
    path = folder / "pod.kubeconfig"
    path.write_text(yaml.safe_dump(text))
    return str(path)


def _definition() -> dict[str, Any]:
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": free}}
    names = {"kind": "Workflow", "plural": "workflows"}
    spec = {"group": "argoproj.io", "scope": "Namespaced", "names": names, "versions": [version]}
    metadata = {"name": "workflows.argoproj.io"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }
