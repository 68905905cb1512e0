"""Kinds of the cluster, custom ones, Jobs, and hooks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sternway_steps.objects.ref import Ref

from tests.helpers import until
from tests.rights.settings import settings
from tests.rights.stage import Obj, Stage


def wide(stage: Stage, version: int) -> list[Obj]:
    """A definition with an irregular plural and one of its objects, both of the cluster, and a class."""
    group = f"g{stage.id}.example"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "geese", "singular": "goose", "kind": "Goose"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"geese.{group}"},
        "spec": {"group": group, "scope": "Cluster", "names": names, "versions": [served]},
    }
    goose = {"apiVersion": f"{group}/v1", "kind": "Goose", "metadata": {"name": "g"}, "spec": {"v": version}}
    notes = {"annotations": {"v": str(version)}}
    rank = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": f"rights-{stage.id}", **notes},
        "value": 7,
    }
    return [{**definition, "metadata": {**definition["metadata"], **notes}}, goose, rank]


def opened(stage: Stage) -> None:
    """A resource whose controller takes its time."""
    goose = Ref(f"g{stage.id}.example/v1", "Goose", None, "g")

    def open_it() -> None:
        until(lambda: stage.told('"step": "verify"'), 30, "it is verified")
        until(lambda: _started(stage, goose), 30, "it is there")

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(open_it)
        stage.run(1, steps=["deploy", "verify"])
        done.result()


def _started(stage: Stage, goose: Ref) -> bool:
    stage.admin.client.patch(goose, {"status": {"phase": "Open"}}, manager="test")
    return True


def hooked(stage: Stage, version: int) -> list[Obj]:
    notes = {"helm.sh/hook": "pre-install", "helm.sh/hook-delete-policy": "before-hook-creation"}
    return [*settings(stage, version), {**job("true"), "metadata": {"name": "migrate", "annotations": notes}}]


def annotated(stage: Stage, version: int) -> list[Obj]:
    return [{**job("true"), "metadata": {"name": "j", "annotations": {"v": str(version)}}}]


def job(*command: str) -> Obj:
    container = {"name": "c", "image": "localhost/busybox:1", "command": list(command)}
    pod = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [container]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j"},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    }
