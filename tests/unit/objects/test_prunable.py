"""Which objects may be removed, by what they say themselves."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.objects.prunable import bound, kept, other_owners


def an_object(api_version: str = "v1", kind: str = "ConfigMap", **more: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", **more.pop("metadata", {})}, **more}


@pytest.mark.parametrize(
    ("obj", "kinds", "why"),
    [
        (an_object(), (), ""),
        (an_object(kind="PersistentVolumeClaim"), ("PersistentVolumeClaim",), "does not come back"),
        (an_object(kind="Namespace"), (), "does not come back"),
        (an_object("batch/v1", "Job"), (), "[Job.batch]"),
        (an_object("batch/v1", "Job"), ("Job",), ""),
        (an_object(kind="Pod"), ("Job",), "[Pod]"),
        (an_object("gateway.networking.k8s.io/v1", "HTTPRoute"), (), "[HTTPRoute.gateway.networking.k8s.io]"),
        (an_object("cert-manager.io/v1", "Certificate"), ("Certificate.cert-manager.io",), ""),
        (an_object("other.io/v1", "Certificate"), ("Certificate.cert-manager.io",), "[Certificate.other.io]"),
        (an_object("apiregistration.k8s.io/v1", "APIService"), (), ""),
        (an_object(metadata={"annotations": {"sternway.dev/keep": "true"}}), (), "it says sternway.dev/keep: true"),
        (an_object(metadata={"annotations": {"sternway.dev/keep": "false"}}), (), ""),
    ],
)
def test_a_kind_or_a_word_keeps_it(obj: dict[str, Any], kinds: tuple[str, ...], why: str) -> None:
    found = kept(obj, kinds)
    assert why in found
    assert bool(found) is bool(why)


def test_what_would_go_with_more_than_its_fields_stays() -> None:
    owner = {"kind": "Release", "name": "r", "uid": "1"}
    policy = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}
    assert "release/r owns it" in bound(an_object(metadata={"ownerReferences": [owner]}))
    assert "claims would go" in bound(an_object("apps/v1", "StatefulSet", spec=policy))
    assert "a Job of it runs" in bound(an_object("batch/v1", "CronJob", status={"active": [{"name": "x-1"}]}))
    assert "token" in bound(an_object(kind="Secret", type="kubernetes.io/service-account-token"))
    assert bound(an_object("batch/v1", "CronJob", status={})) == ""


def owning(manager: str, fields: dict[str, Any], operation: str = "Update", **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **more}


def test_who_else_owns_it() -> None:
    spec: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    note = {"f:metadata": {"f:annotations": {"f:a": {}}, "f:finalizers": {"v:x": {}}}}
    last = {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/last-applied-configuration": {}}}}
    label = {"f:metadata": {"f:labels": {"f:a": {}}}}
    entries = [
        owning("sternway:n.t", spec, "Apply"), owning("sternway:n.t", spec), owning("kube-controller-manager", spec),
        owning("operator", spec, subresource="status"), owning("ingress-nginx", note),
    ]  # fmt: skip
    assert other_owners(an_object(metadata={"managedFields": entries}), "n.t") == ([], [])
    entries += [
        owning("sternway:n.u", {}, "Apply"), owning("argocd", spec, "Apply"), owning("kubectl", last),
        owning("somebody", label), owning("kubectl-scale", spec, subresource="scale"),
    ]  # fmt: skip
    appliers, writers = other_owners(an_object(metadata={"managedFields": entries}), "n.t")
    assert appliers == ["argocd", "target n.u"]
    assert writers == ["kubectl", "kubectl-scale", "somebody"]
