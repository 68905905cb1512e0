"""Hooks of Helm among the manifests, on the sandbox and on a real cluster."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sternway_steps.objects.ref import Ref

from tests.conftest import Cluster
from tests.helpers import config_map, deployment, run_of, sternway


def hook(obj: dict[str, Any], events: str, weight: int = 0, policy: str = "") -> dict[str, Any]:
    notes = {
        "helm.sh/hook": events,
        "helm.sh/hook-weight": str(weight),
        **({"helm.sh/hook-delete-policy": policy} if policy else {}),
    }
    return {**obj, "metadata": {**obj["metadata"], "annotations": notes}}


def pod(name: str, *command: str) -> dict[str, Any]:
    container = {"name": "c", "image": "localhost/busybox:1", "command": list(command)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [container]},
    }


def job(name: str, *command: str) -> dict[str, Any]:
    template = {"spec": pod("-", *command)["spec"]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": template},
    }


def command(what: str, cluster: Cluster, folder: Path, *objects: dict[str, Any], **keys: Any) -> Any:
    (folder / "m.json").write_text("\n".join(map(json.dumps, objects)))
    config = {
        "name": "t",
        "namespace": cluster.namespace,
        "manifests": ["m.json"],
        "verify": {"deadline": "60s", "grace": {"pull": "2s"}},
        **keys,
    }
    (folder / "sternway.yaml").write_text(json.dumps(config))
    return sternway(what, "--config", str(folder / "sternway.yaml"), kubeconfig=cluster.kubeconfig)


def undo(cluster: Cluster, done: Any) -> Any:
    return sternway("rollback", run_of(done.stdout), "--namespace", cluster.namespace, kubeconfig=cluster.kubeconfig)


def job_of(cluster: Cluster, name: str) -> Any:
    return cluster.get("batch/v1", "Job", name)


TEST = hook(pod("web-test", "false"), "test")
MIGRATE = hook(job("migrate", "true"), "pre-install,pre-upgrade")


def test_a_test_of_helm_is_left_out_and_said(cluster: Cluster, tmp_path: Path) -> None:
    done = command("run", cluster, tmp_path, deployment("web"), TEST)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "left out: Pod web-test (m.json:2), a hook of Helm: test" in done.stdout
    assert cluster.get("v1", "Pod", "web-test") is None
    plan = command("plan", cluster, tmp_path, deployment("web"), TEST)
    assert "left out: Pod web-test (m.json:2)" in plan.stdout + plan.stderr


def test_other_hooks_are_refused_until_somebody_decides(cluster: Cluster, tmp_path: Path) -> None:
    done = command("run", cluster, tmp_path, config_map("m"), MIGRATE, hook(config_map("odd"), "post-install"))
    assert done.returncode == 2
    assert "m.json:2:1: metadata.annotations: Job migrate is a hook of Helm (pre-install, pre-upgrade)" in done.stderr
    assert "m.json:3:1" in done.stderr
    assert "`hooks: ignore`" in done.stderr
    assert cluster.get("v1", "ConfigMap", "m") is None
    done = command("run", cluster, tmp_path, config_map("m"), MIGRATE, hooks="ignore")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "left out: Job migrate" in done.stdout
    assert job_of(cluster, "migrate") is None


def test_hooks_run_before_and_after_by_weight_and_go_by_their_policy(cluster: Cluster, tmp_path: Path) -> None:
    objects = [
        config_map("m", a="1"),
        hook(job("third", "true"), "pre-install,pre-upgrade", 5),
        hook(job("first", "true"), "pre-install", -5),
        hook(pod("second", "sleep", "1"), "pre-install,pre-upgrade", 0, "before-hook-creation,hook-succeeded"),
        hook(config_map("settings", a="1"), "pre-install,pre-upgrade", -9),
        hook(job("last", "true"), "post-install,post-upgrade", 0, "hook-failed"),
        hook(job("never", "true"), "pre-rollback,post-delete"),
        TEST,
    ]
    plan = command("plan", cluster, tmp_path, *objects, hooks="run")
    assert plan.returncode == 0, plan.stdout + plan.stderr
    assert plan.stdout.count("what it does is not undone") + plan.stderr.count("what it does is not undone") == 5
    done = command("run", cluster, tmp_path, *objects, hooks="run")
    assert done.returncode == 0, done.stdout + done.stderr
    ends = re.findall(r"^\S+ (\S+): .* \(\d+\.\d s\)$", done.stdout, re.M)
    steps = list(dict.fromkeys(ends))
    assert steps == ["validate", "hooks-before", "deploy", "verify", "hooks-after"]
    made = re.findall(r"^\S+ \S+: created (\S+)", done.stdout, re.M)
    assert made == [
        "configmap/settings",
        "job.batch/first",
        "pod/second",
        "job.batch/third",
        "configmap/m",
        "job.batch/last",
    ]
    assert "deleted pod/second" in done.stdout
    assert {name for name in ("first", "third", "last") if job_of(cluster, name)} == {"first", "third", "last"}
    assert cluster.get("v1", "Pod", "second") is None
    uid = job_of(cluster, "third")["metadata"]["uid"]

    again = command("run", cluster, tmp_path, config_map("m", a="2"), *objects[1:5], hooks="run")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "deleting job.batch/third" in again.stdout
    assert "job.batch/first" not in again.stdout  # an upgrade is no install
    assert job_of(cluster, "third")["metadata"]["uid"] != uid
    back = undo(cluster, again)
    assert back.returncode == 0, back.stdout + back.stderr
    assert "what job.batch/third" in back.stdout
    assert job_of(cluster, "third") is None
    assert cluster.client.get(Ref("v1", "ConfigMap", cluster.namespace, "settings")) is not None
    assert (cluster.get("v1", "ConfigMap", "m") or {})["data"] == {"a": "1"}


def test_a_hook_that_fails_undoes_the_run_with_its_cause(cluster: Cluster, tmp_path: Path) -> None:
    before = command("run", cluster, tmp_path, config_map("m", a="1"))
    assert before.returncode == 0, before.stdout + before.stderr
    bad = hook(job("check", "sh", "-c", "echo no database; exit 3"), "post-upgrade", 0, "hook-failed")
    good = hook(job("prepare", "true"), "pre-upgrade", 0, "hook-succeeded")
    done = command("run", cluster, tmp_path, config_map("m", a="2"), good, bad, hooks="run")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "no database" in done.stdout
    assert "deleted job.batch/check" in done.stdout
    assert (cluster.get("v1", "ConfigMap", "m") or {})["data"] == {"a": "1"}
    assert job_of(cluster, "check") is job_of(cluster, "prepare") is None


def test_what_is_no_hook_is_not_deleted_to_run_it_again(cluster: Cluster, tmp_path: Path) -> None:
    theirs = job("migrate", "true")
    theirs["metadata"]["namespace"] = cluster.namespace
    uid = cluster.client.create(theirs, manager="somebody")["metadata"]["uid"]
    done = command("run", cluster, tmp_path, config_map("m"), MIGRATE, hooks="run")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "is no hook" in done.stdout + done.stderr
    assert job_of(cluster, "migrate")["metadata"]["uid"] == uid
    assert cluster.get("v1", "ConfigMap", "m") is None


def test_a_hook_that_the_server_does_not_take_is_found_before_the_run(cluster: Cluster, tmp_path: Path) -> None:
    done = command("run", cluster, tmp_path, config_map("m"), MIGRATE, hooks="run")
    assert done.returncode == 0, done.stdout + done.stderr
    changed = hook(job("migrate", "sh", "-c", "exit 0"), "pre-install,pre-upgrade")  # a Job's template can't change
    wrong = hook(job("wrong", "true"), "post-upgrade")
    wrong["spec"]["template"]["spec"]["containers"] = []
    done = command("run", cluster, tmp_path, config_map("m", a="2"), changed, wrong, hooks="run")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "m.json:3" in done.stdout + done.stderr
    assert "m.json:2" not in done.stdout + done.stderr
    assert not (cluster.get("v1", "ConfigMap", "m") or {}).get("data")
    again = command("run", cluster, tmp_path, config_map("m", a="2"), changed, hooks="run")
    assert again.returncode == 0, again.stdout + again.stderr
