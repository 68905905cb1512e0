"""What the tests of an API write and read."""

from __future__ import annotations

from typing import Any

from sternway_steps.objects.ref import Ref

from tests.conftest import Cluster


def placed(cluster: Cluster, obj: dict[str, Any]) -> dict[str, Any]:
    return {**obj, "metadata": {**obj["metadata"], "namespace": cluster.namespace}}


def ref(cluster: Cluster, name: str = "m", kind: tuple[str, str] = ("v1", "ConfigMap")) -> Ref:
    return Ref(*kind, cluster.namespace, name)


def definition(group: str) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"shops.{group}"},
        "spec": {
            "group": group, "scope": "Namespaced", "names": {"kind": "Shop", "plural": "shops"},
            "versions": [{
                "name": "v1", "served": True, "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {
                    "type": "object", "required": ["size"], "properties": {"size": {"type": "integer"}}}}}},
            }],
        },
    }  # fmt: skip


def owners(obj: dict[str, Any]) -> dict[tuple[str, str], Any]:
    return {
        (m["manager"], m["operation"]): m["fieldsV1"]
        for m in obj["metadata"]["managedFields"]
        if not m.get("subresource")
    }
