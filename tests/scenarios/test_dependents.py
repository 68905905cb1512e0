"""What goes along when an object of the run is deleted, and what stays: nothing that was there before it goes."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sternway_steps.config import StepConfig
from sternway_steps.kube.client import Client
from sternway_steps.kube.served_kinds import served_resources
from sternway_steps.objects.ref import Ref
from sternway_steps.release.removal import Remover
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, deployment, until


def deployed(cluster: Cluster, *objects: dict[str, Any]) -> str:
    with Session(kubeconfig=cluster.kubeconfig) as session:
        result = session.run(replace(config_of(cluster.namespace, *objects), steps=(StepConfig("deploy", "deploy"),)))
        assert result.exit_code == 0, result
        return result.run


def undone(cluster: Cluster, run: str) -> tuple[int, dict[str, dict[str, Any]]]:
    with Session(kubeconfig=cluster.kubeconfig) as session:
        code = session.rollback(run).exit_code
        return code, {item["what"]: item for item in session.story(run).attempts[-1].data["items"]}


def a_second_later(obj: dict[str, Any]) -> None:
    """Wait until what is created now is younger, as far as the server tells."""
    made = datetime.fromisoformat(obj["metadata"]["creationTimestamp"].replace("Z", "+00:00"))
    until(lambda: int(datetime.now(UTC).timestamp()) > made.timestamp(), what="the next second")


def test_a_replica_set_that_the_runs_deployment_took_over_stays_with_its_pods(cluster: Cluster) -> None:
    theirs = deployment("web")
    theirs["metadata"]["namespace"] = cluster.namespace
    owner = Ref.of(cluster.client.create(theirs, manager="somebody"))

    def sets() -> list[dict[str, Any]]:
        return cluster.client.list("apps/v1", "ReplicaSet", cluster.namespace).items

    def pods() -> list[str]:
        found = cluster.client.list("v1", "Pod", cluster.namespace).items
        return [pod["metadata"]["uid"] for pod in found if not pod["metadata"].get("deletionTimestamp")]

    until(lambda: pods(), what="there is a pod")
    before = pods()
    cluster.client.delete(owner, uid=None, propagation="Orphan")
    until(lambda: cluster.client.get(owner) is None, what="the Deployment goes alone")
    [left] = sets()
    a_second_later(left)
    run = deployed(cluster, deployment("web"))
    until(lambda: sets()[0]["metadata"].get("ownerReferences"), what="it is taken over")
    code, items = undone(cluster, run)
    assert code == 0
    item = items[f"deployment.apps/web in {cluster.namespace}"]
    assert (item["result"], left["metadata"]["name"] in item["why"]) == ("deleted", True), item
    assert cluster.client.get(owner) is None
    assert [found["metadata"]["uid"] for found in sets()] == [left["metadata"]["uid"]]
    assert not sets()[0]["metadata"].get("ownerReferences")
    assert pods() == before


def test_what_somebody_tied_to_an_object_of_the_run_stays_and_what_came_with_it_goes(cluster: Cluster) -> None:
    def tied(name: str) -> Ref:
        return Ref("v1", "ConfigMap", cluster.namespace, name)

    def tie(name: str) -> None:
        owner = cluster.get("v1", "ConfigMap", "ours")
        assert owner is not None
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "ours", "uid": owner["metadata"]["uid"]}
        cluster.client.patch(tied(name), {"metadata": {"ownerReferences": [reference]}}, manager="operator")

    older, younger = config_map("older"), config_map("younger")
    for obj in (older, younger):
        obj["metadata"]["namespace"] = cluster.namespace
    a_second_later(cluster.client.create(older, manager="operator"))
    run = deployed(cluster, config_map("ours"))
    cluster.client.create(younger, manager="operator")
    tie("older")
    tie("younger")
    code, items = undone(cluster, run)
    assert (code, items[f"configmap/ours in {cluster.namespace}"]["result"]) == (0, "deleted")
    until(lambda: cluster.client.get(tied("younger")) is None, what="what came with it goes")
    kept = cluster.client.get(tied("older"))
    assert kept is not None
    assert not kept["metadata"].get("deletionTimestamp")
    assert not kept["metadata"].get("ownerReferences")


def place(cluster: Cluster, name: str = "of-the-run") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{cluster.namespace}-{name}"}}


def inside(space: dict[str, Any], name: str) -> dict[str, Any]:
    obj = config_map(name)
    obj["metadata"]["namespace"] = space["metadata"]["name"]
    return obj


def test_a_namespace_of_the_run_goes_when_it_is_empty_and_stays_with_the_objects_of_others(cluster: Cluster) -> None:
    space = place(cluster)
    run = deployed(cluster, space, inside(space, "ours"))
    theirs = Ref.of(cluster.client.create(inside(space, "theirs"), manager="somebody"))
    code, items = undone(cluster, run)
    kept = items[f"namespace/{space['metadata']['name']}"]
    assert (code, kept["result"], "configmap/theirs" in kept["why"]) == (0, "kept", True), kept
    assert cluster.client.get(theirs) is not None
    cluster.client.delete(Ref.of(space), uid=None)
    space = place(cluster, "again")
    run = deployed(cluster, space, inside(space, "ours"))
    code, items = undone(cluster, run)
    assert (code, [item["result"] for item in items.values()]) == (0, ["deleted", "deleted"]), items
    assert cluster.client.get(Ref.of(space)) is None


def test_an_api_group_of_others_that_is_down_holds_up_no_undo(cluster: Cluster) -> None:
    space, group = place(cluster), f"{cluster.namespace}.example"
    run = deployed(cluster, space, inside(space, "ours"), config_map("m", a="1"))
    down = {
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": f"v1.{group}"},
        "spec": {
            "group": group, "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100,
            "insecureSkipTLSVerify": True, "service": {"name": "nobody", "namespace": cluster.namespace},
        },
    }  # fmt: skip
    service = Ref.of(cluster.client.create(down, manager="somebody"))
    try:
        until(lambda: served_resources(cluster.client)[1], what="the group is known to be down")
        began = time.monotonic()
        code, items = undone(cluster, run)
        took = time.monotonic() - began
    finally:
        cluster.client.delete(service, uid=None)
    results = {what.partition(" ")[0]: item["result"] for what, item in items.items()}
    name = space["metadata"]["name"]
    assert (code, results) == (0, {"configmap/m": "deleted", "configmap/ours": "deleted", f"namespace/{name}": "kept"})
    assert f"{group}/v1" in items[f"namespace/{name}"]["why"]
    assert took < 10  # nobody waits for it
    cluster.client.delete(Ref.of(space), uid=None)


@pytest.mark.parametrize("cluster", ["sandbox"], indirect=True)
def test_what_may_hold_objects_of_others_and_may_not_be_looked_into_stays(cluster: Cluster) -> None:
    assert cluster.sandbox is not None
    space = place(cluster)
    names = {"kind": "Thing", "plural": "things"}
    schema = {"openAPIV3Schema": {"type": "object"}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.order.example"},
        "spec": {
            "group": "order.example", "scope": "Namespaced", "names": names,
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }  # fmt: skip
    run = deployed(cluster, space, definition, config_map("m", a="1"))
    cluster.sandbox.access.deny("list", "things", "order.example")
    code, items = undone(cluster, run)
    results = {item["what"].partition(" ")[0]: (item["result"], item["why"]) for item in items.values()}
    assert code == 0
    assert results["configmap/m"][0] == "deleted"
    for what in (
        f"namespace/{space['metadata']['name']}",
        "customresourcedefinition.apiextensions.k8s.io/things.order.example",
    ):
        assert results[what][0] == "kept"
        assert "things.order.example (not allowed to look)" in results[what][1]


def test_the_garbage_collector_is_asked_only_where_there_may_be_something_to_collect(
    sternway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is slow: ten objects a second on a real node, so that a thousand ConfigMaps took a hundred seconds."""
    client = Client.connect(sternway_sandbox.kubeconfig)
    made = {}
    for name, kind in (("alone", "ConfigMap"), ("owner", "ConfigMap"), ("web", "Service")):
        body: dict[str, Any] = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "default"}}
        made[name] = client.create(
            body | ({"spec": {"ports": [{"port": 80}]}} if kind == "Service" else {}), manager="test"
        )
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": made["owner"]["metadata"]["uid"]}
    metadata = {"name": "owned", "namespace": "default", "ownerReferences": [owner]}
    client.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata}, manager="test")
    seen: dict[str, Any] = {}
    delete = Client.delete

    def spy(self: Client, ref: Ref, **how: Any) -> None:
        seen[ref.name] = how["propagation"]
        delete(self, ref, **how)

    monkeypatch.setattr(Client, "delete", spy)
    remover = Remover(client)
    assert [remover.remove(Ref.of(obj), obj["metadata"]["uid"]).result for obj in made.values()] == ["deleted"] * 3
    assert seen == {"alone": "Background", "owner": "Foreground", "web": "Foreground"}
    client.close()
