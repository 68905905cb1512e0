"""How a Kubernetes API lists and watches; the same on the sandbox and a real server."""

from __future__ import annotations

import threading
import time

import pytest
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.wait import wait_until_served
from sternway_steps.kube.watch import SYNC, Watches
from sternway_steps.objects.ref import Ref

from tests.cluster.api_objects import definition, placed, ref
from tests.conftest import Cluster
from tests.helpers import config_map, until


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
        assert time.monotonic() - began < 30, "the server would end it after minutes"
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
