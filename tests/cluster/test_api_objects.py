"""What a Kubernetes API does with objects that are made, changed and deleted; the same on the sandbox and a real server."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.discovery import UnknownKind
from sternway_steps.kube.wait import wait_until_served
from sternway_steps.objects.ref import Ref

from tests.cluster.api_objects import definition, placed, ref
from tests.conftest import Cluster
from tests.helpers import config_map, deployment, until


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (lambda d: d["spec"].update(replicas=-1), 422, "spec.replicas"),
        (lambda d: d["spec"].pop("selector"), 422, "spec.selector"),
        (lambda d: d["spec"]["template"]["metadata"].update(labels={"app": "other"}), 422, "labels"),
        (lambda d: d["spec"]["template"]["spec"]["containers"][0].pop("image"), 422, "image"),
        (lambda d: d["spec"].update(replica=3), 500, ".spec.replica: field not declared in schema"),
        (lambda d: d["metadata"].update(name="Not_Good"), 422, "metadata.name"),
        (lambda d: d["metadata"].update(labels={"a": "not good!"}), 422, "metadata.labels"),
    ],
    ids=["replicas", "no selector", "labels", "no image", "unknown field", "name", "label"],
)
def test_what_the_server_rejects(cluster: Cluster, change: Any, status: int, words: str) -> None:
    obj = placed(cluster, deployment("d", replicas=0))
    change(obj)
    with pytest.raises(ApiError) as raised:
        cluster.client.apply(obj, manager="one")
    assert raised.value.status == status
    assert raised.value.invalid
    assert not raised.value.retryable
    assert words in str(raised.value)


def test_what_can_not_be_changed(cluster: Cluster) -> None:
    cluster.client.apply(placed(cluster, deployment("d", replicas=0)), manager="one")
    other = deployment("d", replicas=0)
    other["spec"]["selector"]["matchLabels"] = {"app": "x"}
    other["spec"]["template"]["metadata"]["labels"] = {"app": "x"}
    with pytest.raises(ApiError) as raised:
        cluster.client.apply(placed(cluster, other), manager="one", force=True)
    assert (raised.value.status, "immutable" in str(raised.value)) == (422, True)
    cluster.client.apply(placed(cluster, {**config_map("m", a="1"), "immutable": True}), manager="one")
    with pytest.raises(ApiError) as frozen:
        cluster.client.apply(placed(cluster, {**config_map("m", a="2"), "immutable": True}), manager="one")
    assert frozen.value.invalid


def test_create_update_and_their_conflicts(cluster: Cluster) -> None:
    made = cluster.client.create(placed(cluster, config_map("m", a="1")), manager="one")
    with pytest.raises(ApiError) as exists:
        cluster.client.create(placed(cluster, config_map("m", a="1")), manager="one")
    assert (exists.value.status, exists.value.reason) == (409, "AlreadyExists")
    cluster.client.replace({**made, "data": {"a": "2"}}, manager="one")
    with pytest.raises(ApiError) as stale:
        cluster.client.replace({**made, "data": {"a": "3"}}, manager="one")
    assert (stale.value.status, stale.value.reason) == (409, "Conflict")
    missing = placed(cluster, config_map("nix", a="1"))
    missing["metadata"]["resourceVersion"] = "1"
    with pytest.raises(ApiError) as gone:
        cluster.client.replace(missing, manager="one")
    assert gone.value.status in (404, 409)


def test_delete_only_by_uid(cluster: Cluster) -> None:
    made = cluster.client.create(placed(cluster, config_map("m", a="1")), manager="one")
    with pytest.raises(ApiError) as raised:
        cluster.client.delete(ref(cluster), uid="00000000-0000-0000-0000-000000000000", propagation="Background")
    assert raised.value.conflict
    assert cluster.client.get(ref(cluster)) is not None
    cluster.client.delete(ref(cluster), uid=made["metadata"]["uid"], propagation="Background")
    cluster.client.delete(ref(cluster), uid=made["metadata"]["uid"], propagation="Background")
    assert cluster.client.get(ref(cluster)) is None


def test_a_finalizer_holds_an_object_until_it_is_gone(cluster: Cluster) -> None:
    obj = placed(cluster, config_map("m", a="1"))
    obj["metadata"]["finalizers"] = ["example.com/held"]
    made = cluster.client.create(obj, manager="one")
    cluster.client.delete(ref(cluster), uid=made["metadata"]["uid"], propagation="Background")
    held = cluster.client.get(ref(cluster))
    assert held is not None
    assert held["metadata"]["deletionTimestamp"]
    cluster.client.patch(ref(cluster), {"metadata": {"finalizers": None}}, manager="one")
    assert cluster.client.get(ref(cluster)) is None


def test_dependents_go_with_their_owner(cluster: Cluster) -> None:
    owner = cluster.client.create(placed(cluster, config_map("owner")), manager="one")
    child = placed(cluster, config_map("child"))
    child["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    ]
    cluster.client.create(child, manager="one")
    cluster.client.delete(ref(cluster, "owner"), uid=owner["metadata"]["uid"], propagation="Background")
    until(lambda: cluster.client.get(ref(cluster, "child")) is None, what="the child goes")


def test_what_an_owner_of_a_kind_that_nobody_serves_owns_stays(cluster: Cluster) -> None:
    for name, kind in (("stays", "none.sternway.test/v1/None"), ("goes", "v1/ConfigMap")):
        child = placed(cluster, config_map(name))
        api_version, _, known = kind.rpartition("/")
        owner = {
            "apiVersion": api_version,
            "kind": known,
            "name": "owner",
            "uid": "1b63c9a5-52a5-4b1b-8a5e-9a3f3c0d7e11",
        }
        child["metadata"]["ownerReferences"] = [owner]
        cluster.client.create(child, manager="one")
    until(lambda: cluster.client.get(ref(cluster, "goes")) is None, what="the child of an owner that is not there goes")
    assert cluster.client.get(ref(cluster, "stays")) is not None


def test_definitions_bring_their_kinds_and_take_them_along(cluster: Cluster) -> None:
    group = f"{cluster.namespace}.example.com"
    with pytest.raises(UnknownKind):
        cluster.client.resource(f"{group}/v1", "Shop")
    made = cluster.client.apply(definition(group), manager="one").obj
    wait_until_served(cluster.client, [Ref.of(made)], lambda: None)
    shop = {"apiVersion": f"{group}/v1", "kind": "Shop", "metadata": {"name": "s", "namespace": cluster.namespace}}
    with pytest.raises(ApiError) as raised:
        cluster.client.apply({**shop, "spec": {"size": "big"}}, manager="one")
    assert raised.value.invalid or raised.value.status == 500
    assert cluster.client.apply({**shop, "spec": {"size": 3}}, manager="one").created
    cluster.client.delete(Ref.of(made), uid=made["metadata"]["uid"])
    until(lambda: cluster.client.get(Ref.of(made)) is None, what="the definition goes")


def test_a_namespace_that_is_not_there(cluster: Cluster) -> None:
    obj = config_map("m")
    obj["metadata"]["namespace"] = "no-such-namespace"
    with pytest.raises(ApiError) as raised:
        cluster.client.apply(obj, manager="one")
    assert raised.value.not_found
    assert "no-such-namespace" in str(raised.value)


def test_rights_can_be_asked(cluster: Cluster) -> None:
    resource = cluster.client.resource("v1", "ConfigMap")
    assert cluster.client.can_i("patch", resource, cluster.namespace)
    if cluster.sandbox is not None:
        cluster.sandbox.access.deny("patch", "configmaps")
        assert not cluster.client.can_i("patch", resource, cluster.namespace)
        with pytest.raises(ApiError) as raised:
            cluster.client.apply(placed(cluster, config_map("m")), manager="one")
        assert raised.value.forbidden


def test_patch_types(cluster: Cluster) -> None:
    cluster.client.create(placed(cluster, deployment("d", replicas=0)), manager="one")
    path = f"/apis/apps/v1/namespaces/{cluster.namespace}/deployments/d"
    json_patch = [
        {"op": "test", "path": "/spec/replicas", "value": 0},
        {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}},
    ]
    live = cluster.client.raw("PATCH", path, body=json_patch, content_type="application/json-patch+json")
    assert live["metadata"]["labels"] == {"a": "b"}
    strategic = {"spec": {"template": {"spec": {"containers": [{"name": "d", "env": [{"name": "X", "value": "1"}]}]}}}}
    live = cluster.client.raw("PATCH", path, body=strategic, content_type="application/strategic-merge-patch+json")
    [container] = live["spec"]["template"]["spec"]["containers"]
    assert (container["image"], container["env"]) == ("localhost/app:1", [{"name": "X", "value": "1"}])
    assert live["metadata"]["generation"] == 2
    json_patch[0]["value"] = 7
    with pytest.raises(ApiError) as raised:
        cluster.client.raw("PATCH", path, body=json_patch, content_type="application/json-patch+json")
    assert raised.value.status == 422


def test_an_eviction_asks_the_budget_and_the_uid(cluster: Cluster) -> None:
    pod = placed(cluster, {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"app": "p"}},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "p", "image": "localhost/app:1"}]},
    })  # fmt: skip
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "p"}}}
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "p"}, "spec": spec}
    uid = cluster.client.create(pod, manager="one")["metadata"]["uid"]
    cluster.client.create(placed(cluster, budget), manager="one")
    ours, kept = ref(cluster, "p", ("v1", "Pod")), ref(cluster, "p", ("policy/v1", "PodDisruptionBudget"))

    def ready() -> bool:
        conditions = (cluster.get("v1", "Pod", "p") or {}).get("status", {}).get("conditions") or []
        counted = ((cluster.client.get(kept) or {}).get("status") or {}).get("currentHealthy") or not cluster.real
        return bool(counted) and any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    until(ready, what="the pod is ready, and counted")
    with pytest.raises(ApiError) as raised:
        cluster.client.evict(ours, uid=uid)
    assert raised.value.status == 429
    assert "disruption budget" in raised.value.message
    cluster.client.delete(kept, uid=None)

    def refused() -> ApiError | None:
        with pytest.raises(ApiError) as raised:
            cluster.client.evict(ours, uid="another")
        return raised.value if raised.value.status != 429 else None  # the budget itself goes a little later

    assert until(refused, what="the budget is gone").conflict
    cluster.client.evict(ours, uid=uid)
    until(lambda: cluster.get("v1", "Pod", "p") is None, what="the pod goes")
