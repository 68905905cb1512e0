"""How verify judges what waits, ends, is held or leaves; on the sandbox and on a real cluster alike."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sternway_steps.config import VerifyConfig
from sternway_steps.config.schema import Grace
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.events import Event, StepEnded, StepProgress
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_of, deployment, state_of

QUICK = Grace(pull=2, config=2, create=1, unschedulable=2, restarts=2)


def task(name: str, *words: str, **spec: Any) -> dict[str, Any]:
    one = {"name": "main", "image": "localhost/busybox:1", "command": list(words)}
    pod = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [one]}
    return {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}, **spec},
    }  # fmt: skip


def slow(name: str, after: str) -> dict[str, Any]:
    return deployment(name, env=[{"name": "APP_MODE", "value": "slow"}, {"name": "APP_AFTER", "value": after}])


def run(cluster: Cluster, *objects: Any, deadline: float = 60, listen: Callable[[Event], None] = id) -> Any:
    """Run it; gives the result, and verify's end."""
    ended: list[StepEnded] = []

    def tell(event: Event) -> None:
        listen(event)
        if isinstance(event, StepEnded) and event.step == "verify":
            ended.append(event)

    config = config_of(cluster.namespace, *objects, verify=VerifyConfig(deadline=deadline, grace=QUICK))
    with Session(kubeconfig=cluster.kubeconfig) as session:
        result = session.run(config, tell)
    return result, ended[-1]


def test_paused_on_purpose_is_told_and_no_failure(cluster: Cluster) -> None:
    made = deployment("web")
    made["spec"]["paused"] = True
    result, ended = run(cluster, made, task("later", "true", suspend=True))
    assert (result.exit_code, result.status) == (Exit.DONE, Status.SUCCEEDED), result
    assert f"deployment.apps/web in {cluster.namespace} is paused" in ended.summary
    assert f"job.batch/later in {cluster.namespace} is suspended" in ended.summary


def test_a_job_that_completed_may_be_gone(cluster: Cluster) -> None:
    result, ended = run(
        cluster, task("migrate", "true", ttlSecondsAfterFinished=0), slow("web", "4s" if cluster.real else "500ms")
    )
    assert (result.exit_code, result.status) == (Exit.DONE, Status.SUCCEEDED), result
    assert ended.summary == "2 objects are ready"
    assert cluster.get("batch/v1", "Job", "migrate") is None


def test_a_job_that_failed_and_is_gone_is_the_error(cluster: Cluster) -> None:
    result, ended = run(cluster, task("migrate", "false", ttlSecondsAfterFinished=0), slow("web", "30s"))
    assert (result.exit_code, result.status) == (Exit.FAILED, Status.UNDONE), result
    assert str(ended.error).startswith(f"job.batch/migrate in {cluster.namespace}: BackoffLimitExceeded: ")


def test_a_readiness_gate_that_is_not_met_is_named(cluster: Cluster) -> None:
    before = deployment("web")
    assert run(cluster, before)[0].exit_code == Exit.DONE
    live = state_of(cluster.get("apps/v1", "Deployment", "web"))
    gated = deployment("web")
    gated["spec"]["template"]["spec"]["readinessGates"] = [{"conditionType": "t.example/registered"}]
    result, ended = run(cluster, gated, deadline=8 if cluster.real else 1)
    assert (result.exit_code, result.status) == (Exit.FAILED, Status.UNDONE), result
    assert "readiness gate t.example/registered is not met" in str(ended.error)
    assert state_of(cluster.get("apps/v1", "Deployment", "web")) == live


def reads(secret: str) -> dict[str, Any]:
    return deployment("web", env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": secret, "key": "k"}}}])


def test_a_secret_that_the_run_is_to_bring_is_waited_for(cluster: Cluster) -> None:
    """A Job is told the Secret's name, and it comes when `grace.config` is over long since."""

    def create() -> None:
        data = {"k": base64.b64encode(b"v").decode()}
        metadata = {"name": "late", "namespace": cluster.namespace}
        cluster.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}, manager="job")

    timers: list[threading.Timer] = []

    def listen(event: Event) -> None:
        if isinstance(event, StepProgress) and "Job bring is to bring it" in event.progress.message and not timers:
            timers.append(threading.Timer(QUICK.config + 1, create))
            timers[0].start()

    result, _ = run(cluster, task("bring", "true", "--secret-name=late"), reads("late"), listen=listen)
    assert [timer.join() for timer in timers] == [None]
    assert (result.exit_code, result.status) == (Exit.DONE, Status.SUCCEEDED), result


def test_a_secret_that_nobody_is_to_bring_fails_and_names_the_key(cluster: Cluster) -> None:
    mounts = deployment("web", volumeMounts=[{"name": "v", "mountPath": "/v"}])
    mounts["spec"]["template"]["spec"]["volumes"] = [{"name": "v", "secret": {"secretName": "nix"}}]
    result, ended = run(cluster, mounts)
    assert (result.exit_code, result.status) == (Exit.FAILED, Status.UNDONE), result
    assert 'secret "nix" not found (waited 2 s for secret/nix; verify.grace.config waits longer)' in str(ended.error)


def test_all_that_fail_are_reported(cluster: Cluster) -> None:
    env = [{"name": "APP_MODE", "value": "unready"}]
    result, ended = run(
        cluster,
        deployment("one", env=env),
        deployment("good"),
        deployment("two", image="localhost/app!:1"),
        deadline=20,
    )
    assert (result.exit_code, result.status) == (Exit.FAILED, Status.UNDONE), result
    # What failed for good ends it at once: whether "one" might come up is not waited for.
    assert str(ended.error).startswith(f"deployment.apps/two in {cluster.namespace}: InvalidImageName: ")
    result, ended = run(
        cluster,
        deployment("one", env=env),
        deployment("good"),
        deployment("two", env=env),
        deadline=6 if cluster.real else 1,
    )
    assert result.exit_code == Exit.FAILED
    failures = ended.error.details["failures"]
    names = [f"deployment.apps/{name} in {cluster.namespace}" for name in ("one", "two")]
    assert [failure["object"] for failure in failures] == names
    assert all("DeadlineExceeded: not ready in time: " in failure["why"] for failure in failures)
    assert str(ended.error).endswith(f"; also failed: {names[1]}")
    lines = [failure["log"] for failure in failures]
    assert all(any("mode unready" in line for line in log) for log in lines)


def bare(**variables: str) -> dict[str, Any]:
    """A pod that nobody makes anew, and that takes its time to end."""
    one = {
        "name": "main", "image": "localhost/busybox:1", "command": ["sh", "-c", "trap : TERM; sleep 600 & wait; sleep 9"],
        "readinessProbe": {"exec": {"command": ["false"]}, "periodSeconds": 1},
        "env": [{"name": name, "value": value} for name, value in variables.items()],
    }  # fmt: skip
    spec = {"containers": [one], "terminationGracePeriodSeconds": 2}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": spec}


def test_a_bare_pod_that_is_evicted_has_failed(cluster: Cluster) -> None:
    ref, evicted = Ref("v1", "Pod", cluster.namespace, "one"), []

    def listen(event: Event) -> None:
        if isinstance(event, StepProgress) and event.step == "verify" and not evicted:
            evicted.append(True)
            live = cluster.get("v1", "Pod", "one")
            assert live is not None
            cluster.client.evict(ref, uid=live["metadata"]["uid"])

    result, ended = run(cluster, bare(APP_MODE="unready"), listen=listen)
    assert (result.exit_code, result.status) == (Exit.FAILED, Status.UNDONE), result
    assert "EvictionByEvictionAPI" in str(ended.error)
    assert "no controller makes pod one anew" in str(ended.error)
    assert cluster.get("v1", "Pod", "one") is None


def test_a_bare_pod_that_its_node_evicts_has_failed() -> None:
    """Only on the sandbox: a real node would have to run out of something."""
    with Sandbox() as sandbox:
        cluster = Cluster(
            sandbox.kubeconfig, Client.connect(sandbox.kubeconfig), "default", real=False, sandbox=sandbox
        )
        result, ended = run(cluster, bare(APP_MODE="evicted", APP_AFTER="200ms"))
        cluster.client.close()
    assert (result.exit_code, result.status) == (Exit.FAILED, Status.UNDONE), result
    assert "TerminationByKubelet: The node was low on resource" in str(ended.error)


def test_a_replication_controller_is_waited_for(cluster: Cluster) -> None:
    made = deployment("rc", env=[{"name": "APP_MODE", "value": "crash"}])
    spec = {**made["spec"], "selector": {"app": "rc"}}
    controller = {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "rc"}, "spec": spec}
    result, ended = run(cluster, controller)
    assert (result.exit_code, result.status) == (Exit.FAILED, Status.UNDONE), result
    assert "CrashLoopBackOff" in str(ended.error)


def test_an_object_that_is_being_deleted_will_not_come_up(cluster: Cluster) -> None:
    held = deployment("web", env=[{"name": "APP_MODE", "value": "unready"}])
    held["metadata"]["finalizers"] = ["t.example/held"]
    ref = Ref("apps/v1", "Deployment", cluster.namespace, "web")
    deleted: list[bool] = []

    def listen(event: Event) -> None:
        if isinstance(event, StepProgress) and event.step == "verify" and not deleted:
            deleted.append(True)
            cluster.client.delete(ref, uid=None, propagation="Background")
        if isinstance(event, StepEnded) and event.step == "verify" and (live := cluster.client.get(ref)) is not None:
            kept = {**live, "metadata": {**live["metadata"], "finalizers": []}}
            cluster.client.replace(kept, manager="test")  # so that the undo, too, comes to its end

    result, ended = run(cluster, held, listen=listen)
    assert result.exit_code == Exit.FAILED
    assert "Terminating: it is being deleted" in str(ended.error)


@pytest.mark.cluster
def test_progress_is_told_in_few_short_lines(real: Cluster) -> None:
    lines: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, StepProgress) and event.step == "verify":
            lines.append(event.progress.message)

    run(real, deployment("web", image="localhost:5000/nope:9", imagePullPolicy="Always"), listen=listen)
    assert len(lines) <= 3, lines
    assert all(len(line) <= 260 for line in lines)
