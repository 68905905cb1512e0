"""What our code relies on in a Kubernetes API: the same on the sandbox and on a real server."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from sternway_steps.kube.api_error import ApiError, conflicts
from sternway_steps.kube.discovery import UnknownKind
from sternway_steps.kube.wait import wait_until_served
from sternway_steps.kube.watch import SYNC, Watches
from sternway_steps.objects.ref import Ref

from tests.conftest import Cluster
from tests.helpers import config_map, deployment, until


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


def test_apply_creates_then_changes_then_does_nothing(cluster: Cluster) -> None:
    made = cluster.client.apply(placed(cluster, config_map("m", a="1")), manager="one")
    again = cluster.client.apply(placed(cluster, config_map("m", a="1")), manager="one")
    changed = cluster.client.apply(placed(cluster, config_map("m", a="2")), manager="one")
    assert (made.created, again.created, changed.created) == (True, False, False)
    assert again.obj["metadata"]["resourceVersion"] == made.obj["metadata"]["resourceVersion"]
    assert changed.obj["metadata"]["resourceVersion"] != made.obj["metadata"]["resourceVersion"]
    assert owners(made.obj) == {("one", "Apply"): {"f:data": {"f:a": {}}}}


def test_apply_removes_what_its_manager_no_longer_lists(cluster: Cluster) -> None:
    cluster.client.apply(placed(cluster, config_map("m", a="1", b="1")), manager="one")
    cluster.client.apply(placed(cluster, config_map("m", b="1", c="1")), manager="two")
    live = cluster.client.apply(placed(cluster, config_map("m")), manager="one").obj
    assert live["data"] == {"b": "1", "c": "1"}


def test_apply_names_the_manager_it_conflicts_with(cluster: Cluster) -> None:
    cluster.client.apply(placed(cluster, config_map("m", a="1")), manager="one")
    with pytest.raises(ApiError) as raised:
        cluster.client.apply(placed(cluster, config_map("m", a="2")), manager="two")
    assert raised.value.conflict
    assert conflicts(raised.value) == [("data.a", "one")]
    forced = cluster.client.apply(placed(cluster, config_map("m", a="2")), manager="two", force=True).obj
    assert ("one", "Apply") not in owners(forced)
    assert forced["data"] == {"a": "2"}


def test_the_same_value_is_owned_together(cluster: Cluster) -> None:
    cluster.client.apply(placed(cluster, config_map("m", a="1")), manager="one")
    live = cluster.client.apply(placed(cluster, config_map("m", a="1")), manager="two").obj
    assert {manager for manager, _ in owners(live)} == {"one", "two"}


def test_a_resource_version_in_an_apply_is_a_precondition(cluster: Cluster) -> None:
    made = cluster.client.apply(placed(cluster, config_map("m", a="1")), manager="one").obj
    cluster.client.patch(ref(cluster), {"data": {"b": "2"}}, manager="two")
    stale = placed(cluster, config_map("m", a="2"))
    stale["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    with pytest.raises(ApiError) as raised:
        cluster.client.apply(stale, manager="one")
    assert raised.value.conflict
    assert conflicts(raised.value) == []


def test_an_update_takes_fields_and_a_second_gives_them_back(cluster: Cluster) -> None:
    made = cluster.client.apply(placed(cluster, config_map("m", a="1")), manager="one").obj
    given = made["metadata"]["managedFields"]
    changed = cluster.client.replace({**made, "data": {"a": "2"}}, manager="undo")
    assert owners(changed) == {("undo", "Update"): {"f:data": {"f:a": {}}}}
    back = cluster.client.replace(
        {**changed, "metadata": {**changed["metadata"], "managedFields": given}}, manager="undo"
    )
    assert owners(back) == {("one", "Apply"): {"f:data": {"f:a": {}}}}
    assert back["data"] == {"a": "2"}


def test_who_empties_a_list_or_a_map_owns_nothing_and_who_fills_it_owns_the_items(cluster: Cluster) -> None:
    labelled = placed(cluster, config_map("m", a="1"))
    labelled["metadata"]["labels"] = {"app": "m"}
    made = cluster.client.apply(labelled, manager="one").obj
    emptied = cluster.client.replace({**made, "data": {}}, manager="two")
    assert owners(emptied) == {("one", "Apply"): {"f:metadata": {"f:labels": {"f:app": {}}}}}
    filled = cluster.client.replace({**emptied, "data": {"b": "2"}}, manager="three")
    assert owners(filled)["three", "Update"]["f:data"]["f:b"] == {}


def test_who_empties_a_list_of_a_custom_resource_owns_nothing(cluster: Cluster) -> None:
    group = f"{cluster.namespace}.example.com"
    shops = definition(group)
    parts = {
        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
        "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
    }  # fmt: skip
    spec = shops["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"]["parts"] = parts
    made = cluster.client.create(shops, manager="one")
    shop = placed(cluster, {"apiVersion": f"{group}/v1", "kind": "Shop", "metadata": {"name": "s"}})
    try:
        wait_until_served(cluster.client, [Ref.of(made)], lambda: None)
        first = cluster.client.apply({**shop, "spec": {"size": 1, "parts": [{"name": "a"}]}}, manager="one").obj
        size = {("one", "Apply"): {"f:spec": {"f:size": {}}}}
        emptied = cluster.client.replace({**first, "spec": {"size": 1, "parts": []}}, manager="two")
        assert owners(emptied) == size
        filled = cluster.client.replace({**emptied, "spec": {"size": 1, "parts": [{"name": "b"}]}}, manager="three")
        item = {'k:{"name":"b"}': {".": {}, "f:name": {}}}
        assert owners(filled) == {**size, ("three", "Update"): {"f:spec": {"f:parts": item}}}
    finally:
        cluster.client.delete(Ref.of(made), uid=None)


def test_an_entry_keeps_its_time_when_others_take_fields_from_it(cluster: Cluster) -> None:
    made = cluster.client.apply(placed(cluster, config_map("m", a="1", b="1")), manager="one").obj
    [first] = made["metadata"]["managedFields"]
    probe = placed(cluster, config_map("probe"))

    def later() -> bool:
        now = cluster.client.create(probe, manager="two", dry_run=True)["metadata"]["creationTimestamp"]
        return bool(now > first["time"])

    until(later, what="the server's clock goes on")
    took = cluster.client.replace({**made, "data": {"a": "1", "b": "2"}}, manager="two")
    times = {e["manager"]: e["time"] for e in took["metadata"]["managedFields"]}
    assert times["one"] == first["time"] < times["two"]
    assert owners(took) == {("one", "Apply"): {"f:data": {"f:a": {}}}, ("two", "Update"): {"f:data": {"f:b": {}}}}


def test_the_first_apply_of_an_object_that_nobody_owns_gives_what_is_there_to_the_time_before(
    cluster: Cluster,
) -> None:
    made = cluster.client.apply(placed(cluster, config_map("m", a="1")), manager="one").obj
    bare = cluster.client.replace({**made, "metadata": {**made["metadata"], "managedFields": [{}]}}, manager="two")
    assert not bare["metadata"].get("managedFields")
    live = cluster.client.apply(placed(cluster, config_map("m", b="1")), manager="three").obj
    assert owners(live) == {
        ("before-first-apply", "Update"): {"f:data": {".": {}, "f:a": {}}},
        ("three", "Apply"): {"f:data": {"f:b": {}}},
    }


def test_items_of_lists_are_owned_by_their_keys(cluster: Cluster) -> None:
    live = cluster.client.apply(placed(cluster, deployment("d", replicas=0)), manager="one").obj
    fields = owners(live)[("one", "Apply")]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    container = fields['k:{"name":"d"}']
    assert set(container) == {".", "f:name", "f:image", "f:ports", "f:readinessProbe"}
    assert set(container["f:ports"]) == {'k:{"containerPort":8080,"protocol":"TCP"}'}
    extra = deployment("d", replicas=0)
    extra["spec"]["template"]["spec"]["containers"] = [{"name": "side", "image": "localhost/app:2"}]
    both = cluster.client.apply(placed(cluster, extra), manager="two").obj
    assert sorted(c["name"] for c in both["spec"]["template"]["spec"]["containers"]) == ["d", "side"]
    alone = cluster.client.apply(placed(cluster, deployment("d", replicas=0)), manager="two").obj
    assert [c["name"] for c in alone["spec"]["template"]["spec"]["containers"]] == ["d"]


def test_defaults_are_filled_in_and_owned_by_nobody(cluster: Cluster) -> None:
    live = cluster.client.apply(placed(cluster, deployment("d", replicas=0)), manager="one").obj
    spec = live["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    assert spec["template"]["spec"]["restartPolicy"] == "Always"
    assert spec["template"]["spec"]["containers"][0]["ports"][0]["protocol"] == "TCP"
    assert "f:strategy" not in owners(live)[("one", "Apply")]["f:spec"]
    assert live["metadata"]["generation"] == 1


def test_who_creates_an_object_owns_its_defaults_and_not_what_is_allocated_for_it(cluster: Cluster) -> None:
    spec = {"selector": {"app": "x"}, "ports": [{"port": 80, "name": "web"}]}
    service = placed(cluster, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec})
    made = cluster.client.create(service, manager="one")
    assert made["spec"]["clusterIP"]
    owned = owners(made)[("one", "Update")]["f:spec"]
    assert set(owned) - {"."} == {"f:internalTrafficPolicy", "f:ports", "f:selector", "f:sessionAffinity", "f:type"}


def test_what_is_new_and_waits_for_its_node_or_volume_says_so_at_once(cluster: Cluster) -> None:
    one = {"name": "c", "image": "localhost/app:1"}
    held = {"containers": [one], "schedulingGates": [{"name": "test/held"}]}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    for kind, spec in (("Pod", held), ("PersistentVolumeClaim", {**claim, "storageClassName": "none"})):
        obj = {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {"name": "p", "namespace": cluster.namespace},
            "spec": spec,
        }
        made = cluster.client.create(obj, manager="m")
        assert made["status"]["phase"] == "Pending"
        assert "f:status" not in made["metadata"]["managedFields"][0]["fieldsV1"]


def test_a_dry_run_shows_the_result_and_changes_nothing(cluster: Cluster) -> None:
    made = cluster.client.apply(placed(cluster, config_map("m", a="1")), manager="one").obj
    shown = cluster.client.apply(placed(cluster, config_map("m", b="2")), manager="one", dry_run=True).obj
    assert shown["data"] == {"b": "2"}
    new = cluster.client.apply(placed(cluster, config_map("n", b="2")), manager="one", dry_run=True)
    assert new.created
    assert cluster.client.get(ref(cluster, "n")) is None
    assert cluster.client.get(ref(cluster)) == made


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


def test_lists_select_and_page(cluster: Cluster) -> None:
    for number in range(5):
        obj = placed(cluster, config_map(f"m{number}"))
        obj["metadata"]["labels"] = {"number": str(number), "even": str(number % 2 == 0).lower()}
        cluster.client.create(obj, manager="one")

    def names(**selectors: str) -> list[str]:
        items = cluster.client.list("v1", "ConfigMap", cluster.namespace, **selectors).items
        return [o["metadata"]["name"] for o in items if o["metadata"]["name"].startswith("m")]

    assert names(labels="even=true") == ["m0", "m2", "m4"]
    assert names(labels="even!=true,number") == ["m1", "m3"]
    assert names(labels="number in (1, 2)") == ["m1", "m2"]
    assert names(labels="number notin (1,2),number") == ["m0", "m3", "m4"]
    assert names(labels="!number") == []
    assert names(fields="metadata.name=m3") == ["m3"]
    path = f"/api/v1/namespaces/{cluster.namespace}/configmaps"
    first = cluster.client.raw("GET", path, query={"limit": "2", "labelSelector": "number"})
    assert len(first["items"]) == 2
    rest = cluster.client.raw(
        "GET", path, query={"limit": "9", "labelSelector": "number", "continue": first["metadata"]["continue"]}
    )
    assert [o["metadata"]["name"] for o in first["items"] + rest["items"]] == [f"m{n}" for n in range(5)]


def test_a_list_of_metadata_alone_holds_no_data_and_pages_as_any_other(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sternway_steps.kube.client._PAGE", 2)
    for number in range(3):
        obj = config_map(f"m{number}", secret="x")
        obj["metadata"]["labels"] = {"of": "test"}
        cluster.client.create(placed(cluster, obj), manager="test")
    labels = "of=test,not-there notin (a, b)"  # notin selects what does not bear the label at all, too
    whole = cluster.client.list("v1", "ConfigMap", cluster.namespace, labels=labels).items
    bare = cluster.client.list("v1", "ConfigMap", cluster.namespace, labels=labels, metadata_only=True).items
    assert [set(obj) for obj in bare] == [{"apiVersion", "kind", "metadata"}] * 3
    assert [obj["metadata"] for obj in bare] == [obj["metadata"] for obj in whole]
    assert [(obj["apiVersion"], obj["kind"]) for obj in bare] == [("v1", "ConfigMap")] * 3


def test_a_watch_tells_what_happens(cluster: Cluster) -> None:
    seen: list[tuple[str, str]] = []
    with Watches(cluster.client) as watches:

        def follow() -> None:
            for change, obj in watches.follow("v1", "ConfigMap", cluster.namespace, labels="mine"):
                seen.append((change, obj.get("metadata", {}).get("name", "")))

        thread = threading.Thread(target=follow)
        thread.start()
        until(lambda: (SYNC, "") in seen, what="the first list is through")
        obj = placed(cluster, config_map("m", a="1"))
        obj["metadata"]["labels"] = {"mine": "1"}
        made = cluster.client.create(obj, manager="one")
        cluster.client.create(placed(cluster, config_map("not-mine")), manager="one")
        cluster.client.patch(ref(cluster), {"data": {"a": "2"}}, manager="one")
        cluster.client.delete(ref(cluster), uid=made["metadata"]["uid"], propagation="Background")
        until(lambda: ("DELETED", "m") in seen, what="the deletion is told")
        began = time.monotonic()
        watches.close()
        thread.join()
        assert time.monotonic() - began < 2
    assert seen == [(SYNC, ""), ("ADDED", "m"), ("MODIFIED", "m"), ("DELETED", "m")]


def test_an_old_resource_version_has_expired(cluster: Cluster) -> None:
    """Of a kind that is new, a real server's watch cache knows nothing older than the kind."""
    group = f"{cluster.namespace}.example.com"
    crd = cluster.client.create(definition(group), manager="test")
    wait_until_served(cluster.client, [Ref.of(crd)], lambda: None)
    path = f"/apis/{group}/v1/namespaces/{cluster.namespace}/shops"
    if cluster.sandbox is not None:
        cluster.sandbox.store.forget()

    def answer() -> str:
        query = {"watch": "1", "resourceVersion": "1", "timeoutSeconds": "3"}
        try:
            response = cluster.client.transport.stream(path, query, 5)
        except ApiError as error:
            return "" if error.status == 429 else str(error.status)  # a server is still filling its cache of the kind
        try:
            return str(response.data.decode())
        finally:
            response.close()

    try:
        assert "410" in until(answer, what="the kind can be watched")
    finally:
        cluster.client.delete(Ref.of(crd), uid=None, propagation="Background")


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
