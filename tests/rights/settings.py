"""ConfigMaps alone, and with what reads them."""

from __future__ import annotations

from sternway_steps.objects.ref import Ref
from sternway_steps.rollout.diagnose.pods import is_ready

from tests.helpers import config_map, deployment, until
from tests.rights.stage import Obj, Stage


def create(stage: Stage) -> None:
    """Deploy what is not there, and undo it."""
    stage.rollback(stage.run(1).run)
    stage.expect(not stage.list("coordination.k8s.io/v1", "Lease"), "its lock is left")


def change(stage: Stage) -> None:
    """Deploy over another version, and undo that; of the ended runs one is kept."""
    stage.prepare(1)
    stage.rollback(stage.run(2).run)
    stage.expect(len(journal_of(stage)) == 1, "not pruned")


def journal_of(stage: Stage) -> set[str]:
    """Give the runs that the journal knows."""
    found = [secret for secret in stage.list("v1", "Secret") if secret["type"].startswith("sternway")]
    return {secret["metadata"]["labels"].get("sternway.dev/run", "") for secret in found}


def settings(stage: Stage, version: int) -> list[Obj]:
    return [config_map("m", v=str(version))]


def read_by_others(stage: Stage) -> None:
    """Somebody else's container started with the settings of the version that is undone, and is named."""
    stage.prepare(1)
    run = stage.run(2).run
    env = [{"name": "NOTE", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "v"}}}]
    pod = deployment("other", env=env)["spec"]["template"]
    metadata = {"name": "other", "namespace": stage.namespace}
    stage.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod["spec"]})
    until(lambda: is_ready(stage.get("v1", "Pod", "other") or {}), 60, "the other's pod")
    stage.rollback(run)
    stage.expect(stage.told("ConfigMap m (env NOTE)"), "it is not named")


def many(stage: Stage, version: int) -> list[Obj]:
    return [config_map(f"m{number}", v=str(version)) for number in range(20)]


def reader(stage: Stage, version: int) -> list[Obj]:
    env = [{"name": "NOTE", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "v"}}}]
    return [*settings(stage, version), deployment("reader", env=env)]


def restart(stage: Stage) -> None:
    """What started with the settings of the version that is undone is restarted."""
    stage.prepare(1)
    run = stage.run(2).run
    old = {pod["metadata"]["uid"] for pod in stage.list("v1", "Pod")}
    for pod in stage.list("v1", "Pod"):
        stage.admin.client.delete(Ref.of(pod), uid=None, propagation="Background")
    until(
        lambda: [p for p in stage.list("v1", "Pod") if is_ready(p) and p["metadata"]["uid"] not in old], 60, "a new pod"
    )
    stage.rollback(run, restart_stale=True)
    stage.expect(stage.told("evicted and made anew"), "nothing was restarted")
