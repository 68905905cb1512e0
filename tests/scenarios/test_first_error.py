"""What became of a step that could record nothing: Argo and its pods know it, and the report says it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, sternway
from tests.scenarios.workflows import workflows


@pytest.fixture
def in_its_pod(cluster: Cluster, tmp_path: Path) -> str:
    """Give a kubeconfig whose namespace is the pod's own."""
    text = yaml.safe_load(Path(cluster.kubeconfig).read_text())
    for context in text["contexts"]:
        context["context"]["namespace"] = cluster.namespace
    path = tmp_path / "pod.kubeconfig"
    path.write_text(yaml.safe_dump(text))
    return str(path)


@pytest.fixture
def session(cluster: Cluster, in_its_pod: str) -> Iterator[Session]:
    with Session(kubeconfig=in_its_pod, namespace=cluster.namespace) as session:
        yield session


def failed(step: str, message: str, pod: str = "") -> str:
    node = {"displayName": f"{step}(0)", "templateName": f"execute-{step}", "message": message, "podName": pod}
    return json.dumps(json.dumps([node]))


def told(cluster: Cluster) -> dict[str, dict[str, Any]]:
    events = cluster.client.list("v1", "Event", cluster.namespace).items
    return {e["metadata"]["name"]: e for e in events if e["involvedObject"]["kind"] == "Workflow"}


def test_a_run_that_was_refused_before_it_could_record_is_told_as_refused(cluster: Cluster, session: Session) -> None:
    config = config_of(cluster.namespace, config_map("m", a="1"))
    said = "main: Error (exit code 3): the target can't be locked: leases are forbidden"
    ended = session.end(config, "r", "Failed", "w", failures=failed("validate", said))
    assert (ended.status, ended.exit_code) == (Status.REFUSED, Exit.REFUSED)
    assert "the target can't be locked" in str(ended.error)
    assert (told(cluster)["w.sternway"]["reason"], session.story("r").status) == ("Refused", Status.REFUSED)


RULES = [
    {"apiGroups": [""], "resources": ["secrets", "configmaps", "events", "pods"], "verbs": ["*"]},
    {"apiGroups": ["argoproj.io"], "resources": ["workflows"], "verbs": ["get"]},
]
"""What a run needs that deploys a ConfigMap, but for the lease of its target."""


@pytest.fixture
def without_leases(cluster: Cluster, in_its_pod: str, tmp_path: Path) -> str:
    """Give a kubeconfig of an account that may not lock a target."""
    rbac, name = "rbac.authorization.k8s.io/v1", {"name": "no-leases", "namespace": cluster.namespace}
    account = {"kind": "ServiceAccount", "name": "no-leases", "namespace": cluster.namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "no-leases"}
    cluster.client.create({"apiVersion": rbac, "kind": "Role", "metadata": name, "rules": RULES}, manager="test")
    binding = {"apiVersion": rbac, "kind": "RoleBinding", "metadata": name, "roleRef": role, "subjects": [account]}
    cluster.client.create(binding, manager="test")
    text = yaml.safe_load(Path(in_its_pod).read_text())
    for user in text["users"]:
        user["user"]["as"] = f"system:serviceaccount:{cluster.namespace}:no-leases"
    path = tmp_path / "no-leases.kubeconfig"
    path.write_text(yaml.safe_dump(text))
    return str(path)


@pytest.mark.parametrize("ran", [False, True], ids=["nothing ran", "deploy ran"])
def test_a_run_that_may_not_lock_its_target_is_refused_if_nothing_of_it_ran(
    cluster: Cluster, without_leases: str, tmp_path: Path, ran: bool
) -> None:
    """No step could begin, nor can the report; what Argo knows to have run is never told as refused."""
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(config_map("m", a="1")))
    file = {"name": "web", "namespace": cluster.namespace, "manifests": ["m.yaml"]}
    (tmp_path / "sternway.yaml").write_text(yaml.safe_dump(file))
    node = {"name": "w[1].deploy", "displayName": "deploy", "type": "Pod", "phase": "Succeeded" if ran else "Omitted"}
    code = tmp_path / "code"
    with workflows(cluster) as make:
        words = ["--run", make(node), "--workflow", "w", "--config", str(tmp_path / "sternway.yaml")]
        first = sternway("step", "validate", "execute", *words, kubeconfig=without_leases)
        assert first.returncode == Exit.REFUSED, first.stdout + first.stderr
        failures = failed("validate", "main: Error (exit code 3): the target can't be locked: leases are forbidden")
        more = ["--status", "Failed", "--failures", failures, "--code-file", str(code)]
        more += ["--outcome-file", str(tmp_path / "outcome")]
        ended = sternway("report", *words, *more, kubeconfig=without_leases)
    assert ended.returncode == Exit.REFUSED, ended.stdout + ended.stderr
    assert "the target can't be locked" in ended.stderr
    for file_, said in ((code, "3"), (tmp_path / "outcome", "refused")):
        assert (file_.read_text() if file_.exists() else "") == ("" if ran else said)
    assert ("w.sternway" in told(cluster)) is not ran
    if not ran:
        assert (told(cluster)["w.sternway"]["reason"], told(cluster)["w.sternway"]["type"]) == ("Refused", "Warning")


def test_a_pull_that_argo_wrote_over_is_found_at_the_pod(cluster: Cluster, session: Session) -> None:
    """Of a pod that was ended while its image could not be pulled the node says no more than that."""
    event = {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "pulled.1", "namespace": cluster.namespace},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": cluster.namespace, "name": "w-verify"},
        "type": "Warning", "reason": "Failed", "message": 'Failed to pull image "localhost:5000/nope:9": not found',
    }  # fmt: skip
    cluster.client.create(event, manager="test")
    config = config_of(cluster.namespace, config_map("m", a="1"))
    for step in ("validate", "deploy"):
        session.step(config, step, Action.EXECUTE, "r", workflow="w")
    session.step(config, "deploy", Action.ROLLBACK, "r", workflow="w")
    ended = session.end(
        config, "r", "Failed", "w", failures=failed("verify", "Stopped with strategy 'Stop'", "w-verify")
    )
    assert (ended.status, ended.exit_code) == (Status.UNDONE, Exit.FAILED)
    assert "image can't be pulled" in str(ended.error)
    assert "nope:9" in str(ended.error)


def test_a_pod_that_argo_gave_up_and_calls_pending_is_told_of(cluster: Cluster, session: Session) -> None:
    """It never started, for its image could not be pulled: refused, and not undone."""
    event = {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "pulled.2", "namespace": cluster.namespace},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": cluster.namespace, "name": "w-execute-validate-1"},
        "type": "Warning", "reason": "Failed", "message": 'Failed to pull image "localhost:5000/nope:9": not found',
    }  # fmt: skip
    cluster.client.create(event, manager="test")
    root = {"name": "w", "type": "Steps", "templateName": "execute", "phase": "Failed", "message": "timeout"}
    waits = {
        "name": "w[0].validate", "displayName": "validate", "templateName": "execute-validate", "type": "Pod",
        "phase": "Pending", "message": "PodInitializing", "finishedAt": "2026-11-28T23:51:44Z",
    }  # fmt: skip
    with workflows(cluster) as make:
        run = make(root, waits)
        failures = json.dumps(json.dumps([root]))
        ended = session.end(config_of(cluster.namespace, config_map("m", a="1")), run, "Failed", "w", failures=failures)
    assert (ended.status, ended.exit_code) == (Status.REFUSED, Exit.REFUSED)
    assert "step validate: its image can't be pulled: Failed: Failed to pull image" in str(ended.error)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_pod_that_was_deleted_is_no_stop_that_was_asked_for(
    cluster: Cluster, session: Session, stopped: bool
) -> None:
    """The step ends as it does on a stop, and only the kubelet's Event tells that nobody asked Argo for one."""
    event = {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "killed.1", "namespace": cluster.namespace},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": cluster.namespace, "name": "w-verify"},
        "type": "Normal", "reason": "Killing", "message": "Stopping container main",
    }  # fmt: skip
    cluster.client.create(event, manager="test")
    config = config_of(cluster.namespace, config_map("m", a="1"))
    with workflows(cluster) as make:
        run = make()
        if stopped:
            ref = Ref("argoproj.io/v1alpha1", "Workflow", cluster.namespace, "w")
            cluster.client.patch(ref, {"spec": {"shutdown": "Stop"}}, manager="test")
        failures = failed("verify", "main: Error (exit code 143): a stop was asked for", "w-verify")
        ended = session.end(config, run, "Failed", "w", failures=failures)
    assert ended.exit_code == Exit.STOPPED
    assert ("its pod was deleted" in str(ended.error)) is not stopped


def test_the_event_is_brought_up_to_date(cluster: Cluster, session: Session) -> None:
    """A rollback that failed, and succeeded when it was tried again."""
    config = config_of(cluster.namespace, config_map("m", a="1"))
    for step in ("validate", "deploy"):
        session.step(config, step, Action.EXECUTE, "r", workflow="w")
    assert session.end(config, "r", "Failed", "w").status is Status.ROLLBACK_FAILED
    assert told(cluster)["w.sternway"]["reason"] == "RollbackFailed"
    session.step(config, "deploy", Action.ROLLBACK, "r", workflow="w")
    assert session.end(config, "r", "Failed", "w").status is Status.UNDONE
    (event,) = told(cluster).values()
    assert (event["reason"], "rollback-failed" in event["message"]) == ("Undone", False)


def test_a_step_that_is_refused_says_so_beside_its_workflow(cluster: Cluster, in_its_pod: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(config_map("m", a="1")))
    file = {"name": "web", "namespace": cluster.namespace, "manifests": ["m.yaml"]}
    (tmp_path / "sternway.yaml").write_text(yaml.safe_dump(file))
    words = ["--run", "r", "--workflow", "w", "--config", str(tmp_path / "sternway.yaml")]
    early = sternway("step", "deploy", "execute", *words, kubeconfig=in_its_pod)
    assert early.returncode == Exit.REFUSED, early.stdout + early.stderr
    event = told(cluster)["w.sternway.deploy"]
    assert (event["reason"], event["type"]) == ("Refused", "Warning")
    assert "validate" in event["message"]
    assert "without --memoized" in event["message"], "what to do stands there too"
    wrong = sternway("step", "validate", "execute", *words, "--set", "history=many", kubeconfig=in_its_pod)
    assert wrong.returncode == Exit.USAGE
    assert "history" in told(cluster)["w.sternway.validate"]["message"]
