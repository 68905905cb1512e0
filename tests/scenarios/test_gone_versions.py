"""Kinds that the server does not serve any more as it did when the run applied them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sternway_steps.exits import Exit
from sternway_steps.kube.wait import wait_until_served
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, until
from tests.scenarios.test_dependents import undone


def definition(cluster: Cluster, **served: bool) -> dict[str, Any]:
    """Give a definition with a version for each keyword; the last one is stored."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [{"name": name, "served": on, "storage": False, "schema": schema} for name, on in served.items()]
    versions[-1]["storage"] = True
    group = group_of(cluster)
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"locks.{group}"},
        "spec": {
            "group": group, "scope": "Namespaced", "names": {"kind": "Lock", "plural": "locks"}, "versions": versions,
        },
    }  # fmt: skip


def group_of(cluster: Cluster) -> str:
    return f"{cluster.namespace}.example"


def lock(cluster: Cluster, name: str, size: int, version: str = "v1alpha1") -> dict[str, Any]:
    group = group_of(cluster)
    return {"apiVersion": f"{group}/{version}", "kind": "Lock", "metadata": {"name": name}, "spec": {"size": size}}


def found(cluster: Cluster, name: str, version: str = "v1") -> dict[str, Any] | None:
    cluster.client.forget_discovery()
    return cluster.client.get(Ref(f"{group_of(cluster)}/{version}", "Lock", cluster.namespace, name))


@pytest.fixture
def served(cluster: Cluster) -> Iterator[Ref]:
    """Define the kind with both versions, and take it away again."""
    made = cluster.client.create(definition(cluster, v1alpha1=True, v1=True), manager="somebody")
    wait_until_served(cluster.client, [Ref.of(made)], lambda: None)
    yield Ref.of(made)
    cluster.client.delete(Ref.of(made), uid=None, propagation="Background")


def unserve(cluster: Cluster, ref: Ref, version: str) -> None:
    live = cluster.client.get(ref)
    assert live is not None
    versions = [{**v, "served": v["name"] != version and v["served"]} for v in live["spec"]["versions"]]
    cluster.client.patch(ref, {"spec": {"versions": versions}}, manager="upgrade")

    def away() -> bool:
        cluster.client.forget_discovery()
        return f"{group_of(cluster)}/{version}" not in cluster.client.versions(group_of(cluster))

    until(away, what=f"{version} is not served any more")


def run(cluster: Cluster, *objects: dict[str, Any]) -> str:
    with Session(kubeconfig=cluster.kubeconfig) as session:
        result = session.run(config_of(cluster.namespace, *objects))
        assert result.exit_code == 0, result
        return result.run


def owners(obj: dict[str, Any]) -> list[Any]:
    return [(entry["manager"], entry["operation"], entry["fieldsV1"]) for entry in obj["metadata"]["managedFields"]]


def test_an_object_lives_on_under_another_version(cluster: Cluster, served: Ref) -> None:
    run(cluster, lock(cluster, "old", 1))
    before = found(cluster, "old")
    mine = run(cluster, lock(cluster, "old", 2), lock(cluster, "new", 1))
    unserve(cluster, served, "v1alpha1")
    code, items = undone(cluster, mine)
    assert (code, sorted(item["result"] for item in items.values())) == (0, ["deleted", "restored"]), items
    after = found(cluster, "old")
    assert before is not None
    assert after is not None
    assert after["spec"] == {"size": 1}
    assert after["metadata"]["annotations"] == before["metadata"]["annotations"]
    assert owners(after) == owners(before)
    assert found(cluster, "new") is None


@pytest.mark.parametrize(("policy", "code"), [("stop", Exit.ROLLBACK_FAILED), ("merge", Exit.DONE)])
def test_a_kind_that_is_served_in_no_version_is_said_to_be_out_of_reach(
    cluster: Cluster, served: Ref, policy: str, code: int
) -> None:
    run(cluster, lock(cluster, "old", 1), config_map("m", a="1"))
    mine = run(cluster, lock(cluster, "old", 2), lock(cluster, "new", 1), config_map("m", a="2"))
    unserve(cluster, served, "v1alpha1")
    unserve(cluster, served, "v1")
    with Session(kubeconfig=cluster.kubeconfig) as session:
        got = session.rollback(mine, on_conflict=policy).exit_code
        items = {i["what"].partition(" ")[0]: i for i in session.story(mine).attempts[-1].data["items"]}
    results = {what.partition("/")[2]: item["result"] for what, item in items.items()}
    assert (got, results) == (code, {"old": "failed" if policy == "stop" else "kept", "new": "kept", "m": "restored"})
    assert "still stored" in items[f"lock.{group_of(cluster)}/old"]["why"]


def test_what_went_with_its_definition_is_absent_or_a_conflict(cluster: Cluster, served: Ref) -> None:
    run(cluster, lock(cluster, "old", 1))
    mine = run(cluster, lock(cluster, "old", 2), lock(cluster, "new", 1))
    cluster.client.delete(served, uid=None)
    until(lambda: not cluster.client.versions(group_of(cluster)), what="the definition goes with all its objects")
    code, items = undone(cluster, mine)
    results = {what.partition(" ")[0].partition("/")[2]: (item["result"], item["why"]) for what, item in items.items()}
    assert code == Exit.ROLLBACK_FAILED
    assert (results["new"][0], results["old"][0]) == ("absent", "conflict")
    assert "definition of Lock was deleted by somebody else" in results["old"][1]
