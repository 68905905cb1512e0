"""Workloads that come up, and that do not."""

from __future__ import annotations

from tests.helpers import deployment, until
from tests.rights.stage import Obj, Stage

NOPE = "localhost:5000/nope:9"


HTTP = {"service": "web", "port": 80, "path": "/ready", "retries": 30, "interval": "500ms"}


def web(stage: Stage, version: int) -> list[Obj]:
    image = {1: "localhost/app:1", 2: "localhost/app:2", 9: NOPE}.get(version, "localhost/app:1")
    env = [{"name": "APP_MODE", "value": {3: "crash", 4: "unready"}[version]}] if version in (3, 4) else []
    ports = [{"port": 80, "targetPort": 8080}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": ports}}  # fmt: skip
    return [deployment("web", image, env=env), service]


def events_of(stage: Stage, reason: str) -> list[Obj]:
    return [e for e in stage.list("v1", "Event") if e["reason"] == reason]


def good(stage: Stage) -> None:
    """A good version, with an Event on its workload."""
    stage.run(1)
    stage.expect(bool(events_of(stage, "Deployed")), "no Event tells of it")


def bad_image(stage: Stage) -> None:
    """A version whose image is not there, over a good one."""
    stage.prepare(1)
    stage.run(9, "undone")
    stage.expect(stage.told("Failed to pull image") or stage.told("ErrImagePull"), "the cause is not told")
    stage.expect(not stage.told("forbidden"), "something is not told")


def crash(stage: Stage) -> None:
    """A version that crashes; its last words are told."""
    stage.run(3, "undone")
    stage.expect(stage.told('"log": ["') and not stage.told("forbidden"), "its log is not told")


def slow(stage: Stage) -> None:
    """One that works for longer than its lease lives without being renewed."""
    stage.run(4, "undone", verify={"deadline": "6s"})


def stateful(stage: Stage, version: int) -> list[Obj]:
    obj = web(stage, version)[0]
    obj["metadata"]["name"] = "db"
    return [{**obj, "kind": "StatefulSet", "spec": {**obj["spec"], "serviceName": "db"}}]


def stuck(stage: Stage) -> None:
    """A StatefulSet waits for a broken pod, which is helped over it."""
    stage.prepare(1)
    stage.run(9, "undone")


CLAIM = {"storageClassName": "nobody", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def claiming(stage: Stage, version: int) -> list[Obj]:
    [obj] = stateful(stage, 1)
    policy = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    more = {
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": CLAIM}],
        "persistentVolumeClaimRetentionPolicy": policy,
    }
    return [{**obj, "spec": {**obj["spec"], **more}}]


def keep_claims(stage: Stage) -> None:
    """A StatefulSet that would take its claims along, that of a replica which is scaled away too."""
    run = stage.run(1, steps=["deploy"]).run
    until(lambda: any(c["metadata"].get("ownerReferences") for c in claims(stage)), 30, "the set owns its claims")
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db"}
    owner["uid"] = (stage.get("apps/v1", "StatefulSet", "db") or {})["metadata"]["uid"]
    metadata = {"name": "data-db-1", "namespace": stage.namespace, "ownerReferences": [owner]}
    stage.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": CLAIM})
    stage.rollback(run)
    stage.expect(stage.told("kept its claims: data-db-0, data-db-1"), "its claims are not kept")
    stage.expect(len(claims(stage)) == 2, "its claims are gone")


def claims(stage: Stage) -> list[Obj]:
    return stage.list("v1", "PersistentVolumeClaim")


def elsewhere(stage: Stage, version: int) -> list[Obj]:
    return [{**obj, "metadata": {**obj["metadata"], "namespace": stage.other}} for obj in web(stage, version)]
