"""What the pods of a Workflow ask for beside their steps: its report, and the sweep of one that was terminated."""

from __future__ import annotations

import json
from typing import Any

from sternway_steps.errors import SternwayError
from sternway_steps.kube.api_error import ApiError
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.sweep_at_once import ON_TERMINATE, sweeper_name
from sternway_steps.saga.workflow import START_DEADLINE
from sternway_steps.step import Action

from tests.component.submit.playing import definition
from tests.helpers import served, until
from tests.rights.kinds import job
from tests.rights.stage import Differs, Stage
from tests.rights.workloads import NOPE

WORKFLOW = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}


def on_argo(stage: Stage) -> str:
    """Make what Argo would, and give the run of a Workflow that is at work."""
    stage.admin.client.apply(definition("Workflow", "workflows"), manager="test", force=True)
    until(lambda: served(stage.admin.client, WORKFLOW["apiVersion"], WORKFLOW["kind"]), 20, "Workflows are served")
    spec = {"schedule": "* * * * *", "jobTemplate": {"spec": job("true")["spec"]}}
    metadata = {"name": sweeper_name("web"), "namespace": stage.namespace, "annotations": {ON_TERMINATE: "true"}}
    stage.create({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec})
    made = stage.create({**WORKFLOW, "metadata": {"name": "w", "namespace": stage.namespace}, "spec": {}})
    return str(made["metadata"]["uid"])


def report(stage: Stage) -> None:
    """A run on Argo whose step ended without a word: its pod knows why, and the Workflow's Event tells how it went on."""
    run, config = on_argo(stage), stage.config(1, steps=["deploy", "verify"])
    env = {"namespace": stage.namespace, "name": "w-verify"}
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": NOPE}]}
    stage.create({"apiVersion": "v1", "kind": "Pod", "metadata": env, "spec": pod})
    until(lambda: [e for e in stage.list("v1", "Event") if "nope:9" in e["message"]], 30, "the kubelet says it")
    _report(stage, config, run)
    stage.expect(stage.told("nope:9"), "the cause is not told")


def report_of_one_that_is_gone(stage: Stage) -> None:
    """The same of a pod that is gone: its Events are left."""
    run, config = on_argo(stage), stage.config(1, steps=["deploy", "verify"])
    about = {"apiVersion": "v1", "kind": "Pod", "namespace": stage.namespace, "name": "w-verify"}
    metadata = {"name": "e", "namespace": stage.namespace}
    event = {"involvedObject": about, "type": "Warning", "reason": "Failed", "message": f"Failed to pull image {NOPE}"}
    stage.create({"apiVersion": "v1", "kind": "Event", "metadata": metadata, **event})
    _report(stage, config, run)
    stage.expect(stage.told("nope:9"), "the cause is not told")


def _report(stage: Stage, config: Any, run: str) -> None:
    node = {
        "displayName": "verify(0)",
        "templateName": "execute-verify",
        "message": "Stopped with strategy 'Stop'",
        "podName": "w-verify",
    }
    failures = json.dumps(json.dumps([node]))
    account = stage.account
    stage.held(lambda: account.step(config, "deploy", Action.EXECUTE, run, stage.tell, "w"), "open")
    stage.held(lambda: account.end(config, run, "Failed", "w", stage.tell, failures=failures), "rollback-failed")
    stage.held(lambda: account.step(config, "deploy", Action.ROLLBACK, run, stage.tell, "w"), "undone")
    stage.held(lambda: account.end(config, run, "Failed", "w", stage.tell, failures=failures), "undone")
    told = [e["reason"] for e in stage.list("v1", "Event") if e["involvedObject"]["kind"] == "Workflow"]
    stage.expect(told == ["Undone"], f"the Workflow's Events are {told}")


def terminated(stage: Stage) -> None:
    """A Workflow is terminated; the step's process starts the sweep, which undoes it."""
    run, config = on_argo(stage), stage.config(1, steps=["deploy", "verify"])
    stage.held(lambda: stage.account.step(config, "deploy", Action.EXECUTE, run, stage.tell, "w"), "open")
    stage.admin.client.patch(
        Ref(WORKFLOW["apiVersion"], "Workflow", stage.namespace, "w"),
        {"spec": {"shutdown": "Terminate"}},
        manager="test",
    )
    try:
        stage.account.sweep_at_once(config, run, "w")
    except ApiError as error:
        raise Differs(str(error)) from error
    stage.expect(bool(stage.list("batch/v1", "Job")), "no sweep was started")
    try:
        swept = stage.account.sweep(journal_of=config)
    except SternwayError as error:
        raise Differs(str(error)) from error
    stage.expect([one.status for one in swept] == ["undone"], f"{swept}")


def hanging(stage: Stage) -> None:
    """The exit handler of a Workflow does not start; the sweep undoes the run, and ends the Workflow."""
    run, config = on_argo(stage), stage.config(1, steps=["deploy", "verify"])
    stage.held(lambda: stage.account.step(config, "deploy", Action.EXECUTE, run, stage.tell, "w"), "open")
    pod = {"type": "Pod", "phase": "Pending", "startedAt": "2026-11-24T10:00:00Z", "message": "exceeded quota"}
    nodes = {"w-1": {**pod, "id": "w-1", "name": "w.onExit[0].back", "displayName": "back"}}
    change = {"metadata": {"annotations": {START_DEADLINE: "120"}}, "status": {"phase": "Running", "nodes": nodes}}
    ref = Ref(WORKFLOW["apiVersion"], "Workflow", stage.namespace, "w")
    stage.admin.client.patch(ref, change, manager="test")
    try:
        swept = stage.account.sweep(journal_of=config)
    except SternwayError as error:
        raise Differs(str(error)) from error
    stage.expect([one.status for one in swept] == ["undone"], f"{swept}")
    left = stage.admin.client.get(ref) or {"spec": {}}
    stage.expect(left["spec"].get("shutdown") == "Terminate", f"{swept}")
