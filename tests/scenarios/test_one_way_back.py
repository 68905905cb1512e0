"""What no undo can take back is named with its field and its true reason, and all else goes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sternway_steps.config import Config, VerifyConfig
from sternway_steps.config.schema import Grace
from sternway_steps.exits import Exit
from sternway_steps.kube.wait import wait_until_served
from sternway_steps.objects.ref import Ref
from sternway_steps.release.remedy import finish
from sternway_steps.saga.events import Event
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_of, deployment, said, state_of, until

VERIFY = VerifyConfig(deadline=60, grace=Grace(pull=1))
BAD = "localhost/app:missing"


@contextmanager
def there(cluster: Cluster, *objects: dict[str, Any]) -> Iterator[None]:
    """Give the cluster objects that are none of a run's, and take them away again."""
    try:
        for obj in objects:
            cluster.client.apply(obj, manager="somebody")
        yield
    finally:
        for obj in objects:
            cluster.client.delete(Ref.of(obj), uid=None, propagation="Background")


def failed(cluster: Cluster, session: Session, irreversible_changes: Ref, config: Config) -> dict[str, Any]:
    """Let a run fail; gives what became of the object that has no way back. All else must be as before, and healthy."""
    before = state_of(cluster.get("apps/v1", "Deployment", "web"))
    planned = [note for preview in session.plan(config).previews for note in preview.notes]
    assert any(note.startswith("one-way: ") for note in planned), planned
    told: list[Event] = []
    result = session.run(config, told.append)
    assert result.exit_code == Exit.ROLLBACK_FAILED
    assert "1 restored object is as before and healthy" in said(told)
    assert state_of(cluster.get("apps/v1", "Deployment", "web")) == before
    live = cluster.get("apps/v1", "Deployment", "web")
    assert live is not None
    assert live["status"]["availableReplicas"] == live["status"]["updatedReplicas"] == 1
    [error] = result.rollback_errors
    assert "--on-conflict" not in str(getattr(error, "remedy", ""))
    assert finish(result.run, [error]).words.startswith("what is left has no way back; go on from it with a new run")
    assert "not healthy" not in str(error)
    items = {item["what"]: item for item in session.story(result.run).attempts[-1].data["items"]}
    assert {item["result"] for item in items.values()} == {"failed", "restored"}
    return dict(items[str(irreversible_changes)])


def test_a_claim_that_grew(cluster: Cluster) -> None:
    name = cluster.namespace
    size = {"accessModes": ["ReadWriteOnce"], "storageClassName": name}

    def claim(storage: str, **labels: str) -> dict[str, Any]:
        spec = {**size, "resources": {"requests": {"storage": storage}}}
        metadata = {"name": "data", "labels": labels}
        return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}

    grows = {
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
        "provisioner": "example.com/none", "allowVolumeExpansion": True,
    }  # fmt: skip
    volume = {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
        "spec": {**size, "capacity": {"storage": "1Gi"}, "hostPath": {"path": f"/tmp/{name}"}},
    }  # fmt: skip
    ref = Ref("v1", "PersistentVolumeClaim", name, "data")
    with there(cluster, grows, volume), Session(kubeconfig=cluster.kubeconfig) as session:
        old = config_of(name, claim("1Gi", of="old"), deployment("web"), verify=VERIFY)
        assert session.run(old).exit_code == 0
        until(lambda: (cluster.client.get(ref) or {})["status"].get("phase") == "Bound")
        new = config_of(name, claim("2Gi", of="new"), deployment("web", BAD), verify=VERIFY)
        item = failed(cluster, session, ref, new)
        live = cluster.client.get(ref)
    assert live is not None
    assert item["fields"] == ["spec.resources.requests.storage"]
    assert "a volume that has grown does not shrink" in item["why"]
    assert live["spec"]["resources"]["requests"]["storage"] == "2Gi"
    assert live["metadata"]["labels"] == {"of": "old"}  # all but that is back


def test_a_definition_that_has_stored_a_new_version(cluster: Cluster) -> None:
    group = f"{cluster.namespace}.example"
    ref = Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", None, f"locks.{group}")

    def definition(*versions: str) -> dict[str, Any]:
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        served = [{"name": v, "served": True, "storage": v == versions[-1], "schema": schema} for v in versions]
        spec = {"group": group, "scope": "Namespaced", "names": {"kind": "Lock", "plural": "locks"}, "versions": served}
        return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": {"name": ref.name}, "spec": spec}

    with there(cluster), Session(kubeconfig=cluster.kubeconfig) as session:
        try:
            assert (
                session.run(
                    config_of(cluster.namespace, definition("v1alpha1"), deployment("web"), verify=VERIFY)
                ).exit_code
                == 0
            )
            wait_until_served(cluster.client, [ref], lambda: None)
            new = config_of(cluster.namespace, definition("v1alpha1", "v1"), deployment("web", BAD), verify=VERIFY)
            item = failed(cluster, session, ref, new)
        finally:
            cluster.client.delete(ref, uid=None, propagation="Background")
    assert item["fields"] == ["status.storedVersions"]
    assert "once v1 is stored, the server keeps it in the definition" in item["why"]
