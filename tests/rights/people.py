"""People who only roll back what others deployed."""

from __future__ import annotations

from sternway_steps.objects.ref import Ref
from sternway_steps.step import Action

from tests.helpers import until
from tests.rights.on_argo import WORKFLOW, on_argo
from tests.rights.settings import settings
from tests.rights.stage import Obj, Stage
from tests.rights.workloads import events_of, web


def service(stage: Stage, version: int) -> list[Obj]:
    return [*settings(stage, version), *web(stage, version)]


def undo_creation(stage: Stage) -> None:
    """What was not there before goes."""
    stage.rollback(stage.prepare(1))


def undo_change(stage: Stage) -> None:
    """What was changed is put back, and is healthy."""
    stage.prepare(1)
    stage.rollback(stage.prepare(2))
    stage.expect(bool(events_of(stage, "Undone")), "no Event tells of it")
    stage.expect(not stage.list("coordination.k8s.io/v1", "Lease"), "its lock is left")


def undo_all_since(stage: Stage) -> None:
    """Back to an earlier run, which is a run of its own."""
    first = stage.prepare(1, history=2)
    stage.prepare(2, history=2)
    account, written = stage.account, stage.config(2, history=2)
    stage.held(lambda: account.rollback_to(first, stage.tell, journal_of=written), "succeeded")


def undo_made_anew(stage: Stage) -> None:
    """What somebody deleted meanwhile is made anew."""
    stage.prepare(1)
    run = stage.prepare(2)
    for version, kind, name in (("v1", "ConfigMap", "m"), ("apps/v1", "Deployment", "web"), ("v1", "Service", "web")):
        ref = Ref(version, kind, stage.namespace, name)
        stage.admin.client.delete(ref, uid=None, propagation="Background")
        until(lambda ref=ref: stage.admin.client.get(ref) is None, 30, f"{ref} is gone")
    stage.rollback(run, on_conflict="force")


def undo_workflow(stage: Stage) -> None:
    """A Workflow was terminated."""
    run, config = on_argo(stage), stage.config(1, steps=["deploy", "verify"])
    stage.admin.step(config, "deploy", Action.EXECUTE, run, workflow="w")
    ref = Ref(WORKFLOW["apiVersion"], "Workflow", stage.namespace, "w")
    stage.admin.client.patch(ref, {"spec": {"shutdown": "Terminate"}}, manager="test")
    stage.rollback(run)
