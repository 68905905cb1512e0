"""What our code relies on in a Kubernetes API: who applies what, and owns it; the same on the sandbox and a real server."""

from __future__ import annotations

import pytest
from sternway_steps.kube.api_error import ApiError, conflicts
from sternway_steps.kube.wait import wait_until_served
from sternway_steps.objects.ref import Ref

from tests.cluster.api_objects import definition, owners, placed, ref
from tests.conftest import Cluster
from tests.helpers import config_map, deployment, until


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
