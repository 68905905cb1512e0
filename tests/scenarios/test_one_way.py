"""What no undo can take back is said before the run; what the server refuses is refused with a remedy that works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sternway_steps.config import Config
from sternway_steps.journal.replay import Status
from sternway_steps.objects.irreversible import quantity
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.events import Event, StepProgress
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, deployment, until


def config(cluster: Cluster, *objects: dict[str, Any], steps: int = 2) -> Config:
    made = config_of(cluster.namespace, *objects)
    return replace(made, steps=made.steps[:steps])


def placed(cluster: Cluster, obj: dict[str, Any]) -> dict[str, Any]:
    return {**obj, "metadata": {**obj["metadata"], "namespace": cluster.namespace}}


def apply(cluster: Cluster, obj: dict[str, Any]) -> dict[str, Any]:
    return cluster.client.apply(placed(cluster, obj), manager="sternway").obj


def notes(session: Session, config: Config) -> list[str]:
    """Give what `plan` says, which `validate` says too."""
    found = session.plan(config)
    assert not found.findings
    planned = [note for preview in found.previews for note in preview.notes]
    told: list[Event] = []
    session.run(replace(config, steps=config.steps[:1]), told.append)
    said = [e.progress.message for e in told if isinstance(e, StepProgress)]
    assert all(any(line.endswith(note) for line in said) for note in planned)
    return planned


def stateful(**spec: Any) -> dict[str, Any]:
    made = deployment("db", replicas=0)
    return {**made, "kind": "StatefulSet", "spec": {**made["spec"], "serviceName": "db", **spec}}


def test_a_config_map_that_becomes_immutable(cluster: Cluster, session: Session) -> None:
    apply(cluster, config_map("m", a="1"))
    frozen = {**config_map("m", a="1"), "immutable": True}
    assert notes(session, config(cluster, config_map("m", a="2"))) == []
    [note] = notes(session, config(cluster, frozen))
    assert note.startswith("one-way: immutable: ")
    apply(cluster, frozen)
    assert notes(session, config(cluster, frozen)) == []


def test_a_new_object_has_no_way_back_to_lose(cluster: Cluster, session: Session) -> None:
    assert notes(session, config(cluster, {**config_map("m", a="1"), "immutable": True})) == []


def test_claims_that_go_with_the_pods_of_a_smaller_set(cluster: Cluster, session: Session) -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}  # fmt: skip
    policy = {"whenScaled": "Delete", "whenDeleted": "Retain"}
    keys = {"volumeClaimTemplates": [claim], "persistentVolumeClaimRetentionPolicy": policy}
    unready = {"minReadySeconds": 1, "podManagementPolicy": "Parallel"}
    apply(cluster, stateful(replicas=0, **keys, **unready))
    assert notes(session, config(cluster, stateful(replicas=0, **keys, **unready))) == []
    cluster.client.patch(Ref("apps/v1", "StatefulSet", cluster.namespace, "db"), {"spec": {"replicas": 1}}, manager="sternway-test")  # fmt: skip
    made = config(cluster, stateful(**keys, **unready))
    del made.manifests[0].obj["spec"]["replicas"]
    assert notes(session, made) == []  # not applied, not changed
    forced = replace(config(cluster, stateful(replicas=0, **keys, **unready)))
    [note] = notes(session, replace(forced, deploy=replace(forced.deploy, force_conflicts=True)))
    assert note.startswith("one-way: spec.replicas: with whenScaled: Delete the claims of 1 pods go")


@dataclass(frozen=True)
class Change:
    """A change that can't be taken back, and what it needs around it."""

    old: dict[str, Any]
    new: dict[str, Any]
    no_change: dict[str, Any]
    note: str
    settled: Callable[[Any], Any]
    around: tuple[dict[str, Any], ...] = ()


def versioned(cluster: Cluster) -> Change:
    group = f"{cluster.namespace}.example"

    def definition(*versions: str) -> dict[str, Any]:
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        served = [{"name": v, "served": True, "storage": v == versions[-1], "schema": schema} for v in versions]
        spec = {"group": group, "scope": "Namespaced", "names": {"kind": "Lock", "plural": "locks"}, "versions": served}
        metadata = {"name": f"locks.{group}"}
        return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": metadata, "spec": spec}  # fmt: skip

    return Change(
        definition("v1alpha1"), definition("v1alpha1", "v1"), definition("v1", "v1alpha1"),
        "one-way: status.storedVersions: once v1 is stored, the server keeps it in the definition: the undo can't take "
        "the version out again before all objects are migrated and v1 is taken out of status.storedVersions",
        lambda live: live.get("status", {}).get("storedVersions"),
    )  # fmt: skip


def grown(cluster: Cluster) -> Change:
    name = cluster.namespace
    size = {"accessModes": ["ReadWriteOnce"], "storageClassName": name}

    def claim(storage: str) -> dict[str, Any]:
        spec = {**size, "resources": {"requests": {"storage": storage}}}
        return placed(cluster, {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec})  # fmt: skip

    storage = {
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
        "provisioner": "example.com/none", "allowVolumeExpansion": True,
    }  # fmt: skip
    volume = {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
        "spec": {**size, "capacity": {"storage": "1Gi"}, "hostPath": {"path": f"/tmp/{name}"}},
    }  # fmt: skip
    return Change(
        claim("1Gi"), claim("2Gi"), claim("1024Mi"),
        "one-way: spec.resources.requests.storage: a volume that has grown does not shrink: "
        "the undo leaves the claim at 2Gi",
        lambda live: live.get("status", {}).get("phase") == "Bound", (storage, volume),
    )  # fmt: skip


@pytest.fixture(params=[versioned, grown])
def change(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Change]:
    made = request.param(cluster)
    try:
        for obj in made.around:
            cluster.client.apply(obj, manager="test")
        cluster.client.apply(made.old, manager="sternway")
        until(lambda: made.settled(cluster.client.get(Ref.of(made.old))))
        yield made
    finally:
        for obj in (made.old, *made.around):
            cluster.client.delete(Ref.of(obj), uid=None, propagation="Background")


def test_what_the_server_does_not_take_back_is_said_before(cluster: Cluster, session: Session, change: Change) -> None:
    assert notes(session, config(cluster, change.new)) == [change.note]
    assert notes(session, config(cluster, change.no_change)) == []


def test_the_undo_names_what_it_can_not_take_back_and_puts_back_all_else(
    cluster: Cluster, session: Session, change: Change
) -> None:
    assert session.run(config(cluster, change.old, config_map("m", a="1"))).exit_code == 0
    mine = session.run(config(cluster, change.new, config_map("m", a="2")))
    assert mine.exit_code == 0, mine
    undone = session.rollback(mine.run)
    assert undone.status is Status.ROLLBACK_FAILED
    assert change.note in str(undone.rollback_errors[0])
    assert "--on-conflict" not in f"{undone.rollback_errors[0]} {getattr(undone.rollback_errors[0], 'remedy', '')}"
    assert (cluster.get("v1", "ConfigMap", "m") or {})["data"] == {"a": "1"}


def test_a_manifest_of_another_namespace_is_named(cluster: Cluster, session: Session) -> None:
    elsewhere = config_map("m", a="1")
    elsewhere["metadata"]["namespace"] = "default"
    [note] = notes(session, replace(config(cluster, elsewhere), steps=config(cluster).steps[:1]))
    assert note == f"test:1 names namespace default, and the configuration {cluster.namespace}"


def test_nobody_is_told_to_delete_what_holds_data(cluster: Cluster, session: Session) -> None:
    size = {"resources": {"requests": {"storage": "1Mi"}}, "storageClassName": "none"}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}
    apply(cluster, {**claim, "spec": {**size, "accessModes": ["ReadWriteOnce"]}})
    other = {**claim, "spec": {**size, "accessModes": ["ReadWriteMany"]}}
    refused = session.run(config(cluster, other))
    assert refused.status is Status.REFUSED
    assert "deleting this one would lose what it holds" in str(refused.error)
    assert "kubectl delete" not in str(refused.error)


@pytest.mark.parametrize(
    ("one", "other"), [("1Gi", "1024Mi"), ("1G", "1e9"), ("1500m", "1.5"), ("2", 2), ("1Ki", "1024")]
)
def test_quantities_are_compared_by_what_they_mean(one: Any, other: Any) -> None:
    assert quantity(one) == quantity(other) is not None
    assert quantity("") is quantity("1Xi") is quantity(None) is None
