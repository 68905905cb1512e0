"""StatefulSets in an undo: no half-replaced set is called healthy, and no claim goes with one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sternway_steps.config import StepConfig, VerifyConfig
from sternway_steps.exits import Exit
from sternway_steps.kube.watch import Watches
from sternway_steps.objects.ref import Ref
from sternway_steps.rollout.diagnose.pods import is_ready
from sternway_steps.saga.result import Result
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_of, deployment, state_of, until

VERIFY = VerifyConfig(deadline=60)


def stateful(image: str = "localhost/app:1", replicas: int = 1, **spec: Any) -> dict[str, Any]:
    obj = deployment("db", image, replicas)
    return {**obj, "kind": "StatefulSet", "spec": {**obj["spec"], "serviceName": "db", **spec}}


@contextmanager
def seen(cluster: Cluster, look: Callable[[dict[str, Any]], None]) -> Iterator[list[dict[str, Any]]]:
    """Give every status of the set, as it is written, and look at each at once."""
    states: list[dict[str, Any]] = []
    with Watches(cluster.client) as watches:

        def follow() -> None:
            for _, obj in watches.follow("apps/v1", "StatefulSet", cluster.namespace):
                states.append(obj.get("status") or {})
                look(states[-1])

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            yield states
        finally:
            watches.close()
            thread.join()


def test_a_set_that_is_put_back_half_way_is_healthy_only_when_every_pod_is_the_old_one(cluster: Cluster) -> None:
    stop = threading.Event()

    # The watch tells each status; the run's own events may come when the set has gone on.
    def stop_half_way(status: dict[str, Any]) -> None:
        if status.get("updatedReplicas") == 2 and status["currentRevision"] != status["updateRevision"]:
            stop.set()

    with Session(kubeconfig=cluster.kubeconfig) as session, seen(cluster, stop_half_way) as states:
        assert session.run(config_of(cluster.namespace, stateful(replicas=3), verify=VERIFY)).exit_code == 0
        before = state_of(cluster.get("apps/v1", "StatefulSet", "db"))
        new = config_of(cluster.namespace, stateful("localhost/app:2", 3), verify=VERIFY)
        for _ in range(5):  # on a busy machine the set may be done before the stop is heard
            stop.clear()
            result = session.run(new, stop=stop)
            assert (result.exit_code, result.rollback_errors) == (Exit.STOPPED, ())
            assert state_of(cluster.get("apps/v1", "StatefulSet", "db")) == before
            pods = cluster.client.list("v1", "Pod", cluster.namespace, labels="app=db").items
            assert [pod["spec"]["containers"][0]["image"] for pod in pods] == ["localhost/app:1"] * 3
            if any(map(_looks_complete, states)):
                break
    assert any(map(_looks_complete, states))


def _looks_complete(status: dict[str, Any]) -> bool:
    """Tell whether `kubectl rollout status` would call a set complete that is put back half way."""
    if "readyReplicas" not in status or "updatedReplicas" not in status:
        return False
    return (
        status["currentRevision"] == status["updateRevision"]
        and status["readyReplicas"] == 3 > status["updatedReplicas"]
    )


def claim(cluster: Cluster, name: str) -> dict[str, Any]:
    obj = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": cluster.namespace},
        "spec": {
            "storageClassName": "nobody", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        },
    }  # fmt: skip
    return cluster.client.create(obj, manager="somebody")


def test_claims_stay_when_a_set_goes_that_would_take_them_along(cluster: Cluster) -> None:
    there = claim(cluster, "data-db-0")
    template = {"metadata": {"name": "data"}, "spec": there["spec"]}
    policy = {"whenDeleted": "Delete", "whenScaled": "Delete"}
    obj = stateful(replicas=2, volumeClaimTemplates=[template], podManagementPolicy="Parallel", persistentVolumeClaimRetentionPolicy=policy)  # fmt: skip

    def owned() -> bool:
        claims = [cluster.get("v1", "PersistentVolumeClaim", name) for name in ("data-db-0", "data-db-1")]
        return all(found and found["metadata"].get("ownerReferences") for found in claims)

    with Session(kubeconfig=cluster.kubeconfig) as session:
        config = config_of(cluster.namespace, obj)
        result = session.run(replace(config, steps=(StepConfig("deploy", "deploy"),)))
        assert result.exit_code == 0, result
        until(owned, what="the set owns its claims")
        undone = session.rollback(result.run)
        [item] = session.story(result.run).attempts[-1].data["items"]
    assert undone.exit_code == 0, undone
    assert cluster.get("apps/v1", "StatefulSet", "db") is None
    assert (item["result"], item["why"]) == ("deleted", "kept its claims: data-db-0, data-db-1")
    until(
        lambda: not cluster.client.list("v1", "Pod", cluster.namespace).items, what="the pods, and what they held, go"
    )
    kept = cluster.get("v1", "PersistentVolumeClaim", "data-db-0")
    assert kept is not None
    assert kept["metadata"]["uid"] == there["metadata"]["uid"]
    assert not kept["metadata"].get("deletionTimestamp")
    assert not kept["metadata"].get("ownerReferences")


def pods_of(cluster: Cluster) -> list[dict[str, Any]]:
    return cluster.client.list("v1", "Pod", cluster.namespace, labels="app=db").items


def images(cluster: Cluster) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in pods_of(cluster) if is_ready(pod)]


def replaced(cluster: Cluster, strategy: dict[str, Any], forward: dict[str, Any], arrived: list[str]) -> Result:
    """Undo a run after some pods are of its version; the set has `strategy` before the run."""
    old = stateful(replicas=2, updateStrategy=strategy)
    new = stateful("localhost/app:2", 2, updateStrategy=forward)
    with Session(kubeconfig=cluster.kubeconfig) as session:
        assert session.run(config_of(cluster.namespace, old, verify=VERIFY)).exit_code == 0
        deploy = (StepConfig("deploy", "deploy"),)
        result = session.run(replace(config_of(cluster.namespace, new, verify=VERIFY), steps=deploy))
        assert result.exit_code == 0, result
        if forward["type"] == "OnDelete":
            cluster.client.delete(Ref("v1", "Pod", cluster.namespace, "db-1"), uid=None, propagation="Background")
        until(lambda: images(cluster) == arrived, what="the new version has its pods")
        return session.rollback(result.run)


def test_pods_that_are_replaced_by_hand_alone_are_of_the_old_version_again(cluster: Cluster) -> None:
    by_hand = {"type": "OnDelete"}
    undone = replaced(cluster, by_hand, by_hand, ["localhost/app:1", "localhost/app:2"])
    assert undone.exit_code == 0, undone
    assert images(cluster) == ["localhost/app:1"] * 2


@pytest.mark.parametrize("cluster", ["sandbox"], indirect=True)
def test_pods_that_no_deletion_brings_back_are_not_called_healthy(cluster: Cluster) -> None:
    partition = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    undone = replaced(cluster, partition, {"type": "RollingUpdate"}, ["localhost/app:2"] * 2)
    assert undone.exit_code == Exit.ROLLBACK_FAILED, undone
    assert "below its partition db-0 stay" in str(undone.rollback_errors)
