"""StatefulSets in an undo: no half-replaced set is called healthy, and no claim goes with one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sternway_steps.cluster.watch import Watches
from sternway_steps.config import VerifyConfig
from sternway_steps.events import Event
from sternway_steps.exits import Exit
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_of, deployment, state_of

VERIFY = VerifyConfig(deadline=60)


def stateful(image: str = "localhost/app:1", replicas: int = 1, **spec: Any) -> dict[str, Any]:
    obj = deployment("db", image, replicas)
    return {**obj, "kind": "StatefulSet", "spec": {**obj["spec"], "serviceName": "db", **spec}}


@contextmanager
def seen(cluster: Cluster) -> Iterator[list[dict[str, Any]]]:
    """Give every status of the set, as it is written."""
    states: list[dict[str, Any]] = []
    with Watches(cluster.client) as watches:

        def follow() -> None:
            for _, obj in watches.follow("apps/v1", "StatefulSet", cluster.namespace):
                states.append(obj.get("status") or {})

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            yield states
        finally:
            watches.close()
            thread.join()


def test_a_set_that_is_put_back_half_way_is_healthy_only_when_every_pod_is_the_old_one(cluster: Cluster) -> None:
    stop = threading.Event()

    def stop_half_way(_: Event) -> None:
        status = (cluster.get("apps/v1", "StatefulSet", "db") or {}).get("status") or {}
        if status.get("updatedReplicas") == 2 and status["currentRevision"] != status["updateRevision"]:
            stop.set()

    with Session(kubeconfig=cluster.kubeconfig) as session, seen(cluster) as states:
        assert session.run(config_of(cluster.namespace, stateful(replicas=3), verify=VERIFY)).exit_code == 0
        before = state_of(cluster.get("apps/v1", "StatefulSet", "db"))
        new = config_of(cluster.namespace, stateful("localhost/app:2", 3), verify=VERIFY)
        result = session.run(new, stop_half_way, stop=stop)
    assert (result.exit_code, result.rollback_errors) == (Exit.STOPPED, ())
    assert state_of(cluster.get("apps/v1", "StatefulSet", "db")) == before
    pods = cluster.client.list("v1", "Pod", cluster.namespace, labels="app=db").items
    assert [pod["spec"]["containers"][0]["image"] for pod in pods] == ["localhost/app:1"] * 3
    # What `kubectl rollout status` would have called complete was there, on the node and in the sandbox.
    assert any(
        state["currentRevision"] == state["updateRevision"] and state["readyReplicas"] == 3 > state["updatedReplicas"]
        for state in states
        if "readyReplicas" in state and "updatedReplicas" in state
    )
