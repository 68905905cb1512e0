"""What users meet, in one process, on the sandbox and on a real cluster alike."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from typing import Any

import pytest
from sternway_steps.config import VerifyConfig
from sternway_steps.config.schema import Grace
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.saga.events import Event, StepEnded
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import call
from sternway_steps.session import Session

from tests.conftest import WEB, Cluster
from tests.helpers import command, config_map, config_of, deployment, run_of, state_of, sternway, until

NOPE = "localhost:5000/nope:9"
REFUSED = "refused.invalid:1/app:1"


def web(cluster: Cluster, *extra: str, image: str = "localhost/app:1") -> subprocess.CompletedProcess[str]:
    return sternway(
        "run", "--config", str(WEB), "--set", f"image={image}", "--set", f"namespace={cluster.namespace}", *extra,
        kubeconfig=cluster.kubeconfig,
    )  # fmt: skip


def needs_registry(cluster: Cluster) -> None:
    """Skip where the node has no registry at localhost:5000 to say that it does not know an image."""
    if cluster.real:
        try:
            socket.create_connection(("localhost", 5000), 1).close()
        except OSError:
            pytest.skip("no registry at localhost:5000")


def workload(cluster: Cluster, name: str = "web") -> Any:
    return state_of(cluster.get("apps/v1", "Deployment", name))


def test_a_good_version_comes_up_and_answers(cluster: Cluster) -> None:
    done = web(cluster)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "GET http://web" in done.stdout
    assert "200" in done.stdout
    assert "succeeded" in done.stdout


WAITED = re.compile(r" \(\d+ s\)$")
"""Ends the line on a step that takes long, of which a slow machine has more."""


def test_an_image_that_the_registry_does_not_know_is_undone_by_evidence(cluster: Cluster) -> None:
    needs_registry(cluster)
    assert web(cluster).returncode == 0
    before = workload(cluster)
    bad = web(cluster, image=NOPE)
    assert bad.returncode == Exit.FAILED, bad.stdout + bad.stderr
    assert "not found" in bad.stdout
    assert "pod web-" in bad.stdout
    assert "event Failed" not in bad.stdout, "it says what the cause says"
    assert "restored deployment.apps/web" in bad.stdout
    assert "as before and healthy" in bad.stdout
    lines = [line for line in bad.stdout.splitlines() if not WAITED.search(line)]
    assert len(lines) <= 12, bad.stdout
    (cause,) = (line for line in bad.stdout.splitlines() if " verify failed: " in line)  # with how long it took
    assert re.search("ErrImagePull|ImagePullBackOff", cause), cause
    assert re.match(r"\d\d:\d\d:\d\d verify failed: deployment.apps/web in ", cause)
    assert re.match(r"next: push that image, .*; sternway show \S+/\S+ tells all of it$", lines[-1])
    assert workload(cluster) == before


def arriving(cluster: Cluster, before: Any) -> subprocess.Popen[str]:
    """Start a run that never gets ready, and give its process once its change has arrived."""
    process = subprocess.Popen(
        command(
            "run", "--kubeconfig", cluster.kubeconfig, "--config", str(WEB), "--set", "image=localhost/app:1",
            "--set", f"namespace={cluster.namespace}", "--set", "env.APP_MODE=unready",
        ),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    until(lambda: workload(cluster) != before, what="the change arrives")
    return process


def bad_config(namespace: str, fate: str) -> Any:
    """Give a config that meets a fate in verify."""
    init = {"name": "init", "image": "localhost/busybox:1", "command": ["sh", "-c", "echo no database; exit 3"]}
    objects = {
        "crash": deployment("web", env=[{"name": "APP_MODE", "value": "crash"}]),
        "unready": deployment("web", env=[{"name": "APP_MODE", "value": "unready"}]),
        "refused": deployment("web", image=REFUSED, imagePullPolicy="Always"),
        "init": deployment("web"),
        "secret": deployment("web", env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "nix", "key": "k"}}}]),
        "nowhere": deployment("web"),
        "account": deployment("web"),
    }
    obj = objects[fate]
    pod = obj["spec"]["template"]["spec"]
    if fate == "init":
        pod["initContainers"] = [init]
    if fate == "nowhere":
        pod["nodeSelector"] = {"disk": "of-another-world"}
    if fate == "account":
        pod["serviceAccountName"] = "nobody"
    deadline = 4.0 if fate == "unready" else 60.0
    grace = Grace(pull=2, config=2, create=1, unschedulable=2, restarts=2)
    return config_of(namespace, obj, verify=VerifyConfig(deadline=deadline, grace=grace))


FATES = {
    "crash": ("CrashLoopBackOff", "password authentication failed"),
    "init": ("CrashLoopBackOff", "no database"),
    "unready": ("DeadlineExceeded", "503"),
    "refused": ("ImagePull", ""),
    "secret": ("CreateContainerConfigError", "nix"),
    "nowhere": ("Unschedulable", "node"),
    "account": ("FailedCreate", "nobody"),
}


@pytest.mark.parametrize("fate", FATES)
def test_a_bad_version_is_named_by_its_cause_and_undone(cluster: Cluster, fate: str) -> None:
    reason, shown = FATES[fate]
    ended: list[StepEnded] = []

    def tell(event: Event) -> None:
        if isinstance(event, StepEnded):
            ended.append(event)

    with Session(kubeconfig=cluster.kubeconfig) as session:
        assert session.run(config_of(cluster.namespace, deployment("web"))).exit_code == Exit.DONE
        before = workload(cluster)
        result = session.run(bad_config(cluster.namespace, fate), tell)
        assert (result.exit_code, result.status) == (Exit.FAILED, Status.UNDONE), result
        error = next(event.error for event in ended if event.error is not None)
        assert reason in str(error)
        if shown == "no database" and not cluster.real:
            shown = ""  # the sandbox's containers do not run their commands
        assert shown in json.dumps(getattr(error, "details", {})) + str(error)
        assert workload(cluster) == before
        story = session.story(result.run)
        assert story.status is Status.UNDONE


def test_a_first_install_that_fails_leaves_nothing_but_its_claim(cluster: Cluster) -> None:
    claim = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "standard", "resources": {"requests": {"storage": "1Mi"}}},
    }  # fmt: skip
    needs_registry(cluster)
    others = config_map("others")
    others["metadata"]["namespace"] = cluster.namespace
    cluster.client.create(others, manager="somebody")
    config = config_of(
        cluster.namespace, config_map("mine", a="1"), claim, deployment("web", image=NOPE, imagePullPolicy="Always"),
        verify=VerifyConfig(deadline=20, grace=Grace(pull=1, mount=1)),
    )  # fmt: skip
    with Session(kubeconfig=cluster.kubeconfig) as session:
        result = session.run(config)
        story = session.story(result.run)
    assert result.exit_code == Exit.FAILED, result
    assert cluster.get("v1", "ConfigMap", "mine") is None
    assert cluster.get("apps/v1", "Deployment", "web") is None
    assert cluster.get("v1", "ConfigMap", "others") is not None
    assert cluster.get("v1", "PersistentVolumeClaim", "data") is not None
    items = [item for attempt in story.attempts for item in attempt.data.get("items", [])]
    kept = [item for item in items if item["result"] == "kept"]
    assert ["persistentvolumeclaim/data" in item["what"] for item in kept] == [True]


def test_an_object_that_the_server_rejects_half_way_undoes_those_before_it(cluster: Cluster) -> None:
    maps = [config_map(f"m{n}", a="1") for n in range(9)]
    bad = config_map("bad", a="1")
    bad["data"] = {"not a valid key!": "x"} if cluster.real else {"a": "1"}
    if not cluster.real:
        bad["metadata"]["labels"] = {"a": "not a valid label!"}
    with Session(kubeconfig=cluster.kubeconfig) as session:
        config = config_of(cluster.namespace, *maps, bad)
        steps = tuple(step for step in config.steps if step.name == "deploy")
        from dataclasses import replace

        result = session.run(replace(config, steps=steps))
        refused = session.run(config)
    assert result.exit_code == Exit.FAILED
    assert [cluster.get("v1", "ConfigMap", f"m{n}") for n in range(9)] == [None] * 9
    assert refused.exit_code == Exit.REFUSED  # with validate it is found before anything is touched


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_stops_the_run_and_undoes_it(cluster: Cluster, number: signal.Signals) -> None:
    assert web(cluster).returncode == 0
    before = workload(cluster)
    process = arriving(cluster, before)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == Exit.STOPPED, out
    assert "undone" in out
    assert workload(cluster) == before


def test_a_second_signal_leaves_at_once_and_the_undo_can_be_resumed(cluster: Cluster) -> None:
    assert web(cluster).returncode == 0
    before = workload(cluster)
    process = arriving(cluster, before)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == Exit.STOPPED, out
    listed = sternway("runs", "--output", "json", kubeconfig=cluster.kubeconfig).stdout.splitlines()
    runs = [run for run in map(json.loads, listed) if run["type"] == "run"]
    mine = next(run for run in runs if run["target"] == f"{cluster.namespace}.web")
    assert mine["status"] in ("interrupted", "undone"), mine
    sternway("rollback", mine["run"], kubeconfig=cluster.kubeconfig)
    assert workload(cluster) == before


def test_a_killed_run_is_seen_and_finished_from_elsewhere(cluster: Cluster) -> None:
    assert web(cluster).returncode == 0
    before = workload(cluster)
    process = arriving(cluster, before)
    process.kill()
    process.communicate()
    with Session(kubeconfig=cluster.kubeconfig) as session:
        run = session.runs(f"{cluster.namespace}.web")[0]
        assert run.status is Status.INTERRUPTED
    back = sternway("rollback", run.run, kubeconfig=cluster.kubeconfig)
    assert back.returncode == 0, back.stdout + back.stderr
    assert workload(cluster) == before
    shown = sternway("show", run.run, kubeconfig=cluster.kubeconfig).stdout
    assert "restored deployment.apps/web" in shown
    assert "undone" in shown


def test_a_run_after_a_killed_one_undoes_that_first(cluster: Cluster) -> None:
    assert web(cluster).returncode == 0
    process = arriving(cluster, workload(cluster))
    process.kill()
    process.communicate()
    again = web(cluster, "--set", "replicas=1")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "undoing run" in again.stdout


def test_plan_shows_fields_and_changes_nothing(cluster: Cluster) -> None:
    assert web(cluster).returncode == 0
    before = cluster.get("apps/v1", "Deployment", "web")
    planned = sternway(
        "plan", "--config", str(WEB), "--set", "image=localhost/app:2", "--set", f"namespace={cluster.namespace}",
        kubeconfig=cluster.kubeconfig,
    )  # fmt: skip
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert '- spec.template.spec.containers[name=web].image: "localhost/app:1"' in planned.stdout
    assert '+ spec.template.spec.containers[name=web].image: "localhost/app:2"' in planned.stdout
    after = cluster.get("apps/v1", "Deployment", "web")
    assert before is not None
    assert after is not None
    assert state_of(after) == state_of(before)


def test_a_folder_of_manifests_with_a_definition_of_its_own(cluster: Cluster) -> None:
    shop = str(WEB.parent.parent / "shop/sternway.yaml")
    done = sternway("run", "--config", shop, "--set", f"namespace={cluster.namespace}", kubeconfig=cluster.kubeconfig)
    assert done.returncode == 0, done.stdout + done.stderr
    run = run_of(done.stdout)
    assert cluster.get("shop.example.com/v1", "Catalogue", "winter") is not None
    back = sternway("rollback", run, kubeconfig=cluster.kubeconfig)
    assert back.returncode == 0, back.stdout + back.stderr
    assert cluster.get("apps/v1", "StatefulSet", "shop") is None
    assert "deleted customresourcedefinition" in back.stdout


MOMENTS = {
    "validate": lambda request: "dryRun=All" in request.query,
    "deploy": lambda request: (
        request.method == "PATCH" and "fieldManager=sternway%3A" in request.query and "dryRun" not in request.query
    ),
    "verify": lambda request: request.path.endswith("/pods"),
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("step", MOMENTS)
def test_a_signal_in_each_step_ends_old(sternway_sandbox: Sandbox, step: str, number: signal.Signals) -> None:
    flags = ("--kubeconfig", sternway_sandbox.kubeconfig, "--config", str(WEB), "--set", "env.APP_MODE=unready")
    assert sternway("run", *flags[:4], kubeconfig="").returncode == 0
    before = state_of(sternway_sandbox.store.all(("apps", "Deployment"))[0])
    started: list[subprocess.Popen[str]] = []
    sternway_sandbox.faults.when(MOMENTS[step], call(before=lambda: started[0].send_signal(number)))
    started.append(
        subprocess.Popen(command("run", *flags), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    )
    out, _ = started[0].communicate(timeout=60)
    assert started[0].returncode == Exit.STOPPED, out
    assert state_of(sternway_sandbox.store.all(("apps", "Deployment"))[0]) == before


def test_a_stateful_set_that_waits_for_a_broken_pod_is_helped_back(cluster: Cluster) -> None:
    def stateful(image: str) -> dict[str, Any]:
        obj = deployment("db", image, 2)
        return {**obj, "kind": "StatefulSet", "spec": {**obj["spec"], "serviceName": "db"}}

    verify = VerifyConfig(deadline=60, grace=Grace(pull=1))
    with Session(kubeconfig=cluster.kubeconfig) as session:
        assert session.run(config_of(cluster.namespace, stateful("localhost/app:1"), verify=verify)).exit_code == 0
        before = state_of(cluster.get("apps/v1", "StatefulSet", "db"))
        result = session.run(config_of(cluster.namespace, stateful("localhost/app:missing"), verify=verify))
    assert (result.status, result.rollback_errors) == (Status.UNDONE, ())
    assert state_of(cluster.get("apps/v1", "StatefulSet", "db")) == before
    live = cluster.get("apps/v1", "StatefulSet", "db")
    assert live is not None
    assert live["status"]["readyReplicas"] == 2
