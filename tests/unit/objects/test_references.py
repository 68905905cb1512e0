"""What a manifest refers to."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.objects.references import referrers


def a_pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "shop"}, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "kind", "name"),
    [
        ({"containers": [{"envFrom": [{"configMapRef": {"name": "a"}}]}]}, "ConfigMap", "a"),
        ({"containers": [{"envFrom": [{"secretRef": {"name": "a"}}]}]}, "Secret", "a"),
        ({"initContainers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "a"}}}]}]}, "ConfigMap", "a"),
        ({"containers": [{"env": [{"name": "b", "valueFrom": {"secretKeyRef": {"name": "a"}}}]}]}, "Secret", "a"),
        ({"volumes": [{"name": "b", "configMap": {"name": "a"}}]}, "ConfigMap", "a"),
        ({"volumes": [{"name": "b", "secret": {"secretName": "a"}}]}, "Secret", "a"),
        ({"volumes": [{"projected": {"sources": [{"secret": {"name": "a"}}]}}]}, "Secret", "a"),
        ({"imagePullSecrets": [{"name": "a"}]}, "Secret", "a"),
        ({"serviceAccountName": "a"}, "ServiceAccount", "a"),
        ({"priorityClassName": "a"}, "PriorityClass", "a"),
        ({"tls": [{"hosts": ["b"], "secretName": "a"}]}, "Secret", "a"),
        ({"rules": [{"http": {"paths": [{"backend": {"service": {"name": "a", "port": {"number": 1}}}}]}}]}, "Service", "a"),
        ({"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}}, "Deployment", "a"),
        ({"backendRefs": [{"name": "a", "port": 1}]}, "Service", "a"),
    ],
)  # fmt: skip
def test_of_each_field(spec: dict[str, Any], kind: str, name: str) -> None:
    found = referrers([a_pod(**spec)])
    assert {(kind, "shop", name), (kind, "", name)} == set(found)
    assert set(found.values()) == {"pod/x in shop"}


def test_what_is_in_another_namespace_and_what_is_none() -> None:
    subject = {"kind": "ServiceAccount", "name": "a", "namespace": "other"}
    binding = {**a_pod(), "subjects": [subject], "roleRef": {"kind": "ClusterRole", "name": "r"}}
    kinds = {key for key in referrers([binding]) if key[1]}
    assert kinds == {("ServiceAccount", "other", "a"), ("ClusterRole", "shop", "r")}
    data = {**a_pod(), "kind": "ConfigMap", "data": {"serviceAccountName": "a"}, "spec": {"labels": {"secret": "a"}}}
    assert referrers([data]) == {}
