"""What looks like a failed rollout and is none, and the other way round; on the sandbox and on a real cluster alike."""

from __future__ import annotations

import threading
from typing import Any

from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.kube.client import Client
from sternway_steps.saga.events import Event, StepProgress
from sternway_steps.sandbox import Sandbox

from tests.conftest import Cluster
from tests.helpers import deployment, served, state_of, until
from tests.scenarios.test_verdicts import QUICK, reads, run


def test_a_rollout_that_was_late_is_undone_and_healthy(cluster: Cluster) -> None:
    """The condition of the version that was late stays for a moment after the old template is back."""

    assert run(cluster, deployment("web"))[0].exit_code == Exit.DONE
    before = state_of(cluster.get("apps/v1", "Deployment", "web"))
    hasty = deployment("web", env=[{"name": "APP_MODE", "value": "unready"}])
    hasty["spec"]["progressDeadlineSeconds"] = 3 if cluster.real else 1
    result, ended = run(cluster, hasty)
    assert "ProgressDeadlineExceeded" in str(ended.error)
    assert (result.status, result.rollback_errors) == (Status.UNDONE, ())
    assert state_of(cluster.get("apps/v1", "Deployment", "web")) == before


def test_a_pod_that_leaves_still_counts_against_a_quota(cluster: Cluster) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}}

    def tight(version: str) -> dict[str, Any]:
        words = ["sh", "-c", "trap : TERM; sleep 600 & wait; sleep 600"]
        made = deployment(
            "web", "localhost/busybox:1", command=words, readinessProbe={"exec": {"command": ["true"]}},
            env=[{"name": "V", "value": version}],
        )  # fmt: skip
        made["spec"]["strategy"] = {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
        made["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 4
        return made

    assert run(cluster, quota, tight("1"))[0].exit_code == Exit.DONE
    result, _ = run(cluster, quota, tight("2"))
    assert (result.exit_code, result.status) == (Exit.DONE, Status.SUCCEEDED), result


def test_a_daemon_set_fails_by_evidence_whatever_its_generation(cluster: Cluster) -> None:
    """Its pods carry the count of its template's changes, which is not that of all changes."""

    def everywhere(image: str, most: int) -> dict[str, Any]:
        made = deployment("agent", image, None)
        strategy = {"rollingUpdate": {"maxUnavailable": most}}
        return {**made, "kind": "DaemonSet", "spec": {**made["spec"], "updateStrategy": strategy}}

    assert run(cluster, everywhere("localhost/app:1", 1))[0].exit_code == Exit.DONE
    assert run(cluster, everywhere("localhost/app:1", 2))[0].exit_code == Exit.DONE
    result, ended = run(cluster, everywhere("localhost/app!:1", 2))
    assert "InvalidImageName" in str(ended.error)
    assert "in time" not in str(ended.error)
    assert (result.status, result.rollback_errors) == (Status.UNDONE, ())


EXTERNAL = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "externalsecrets.external-secrets.io"},
    "spec": {
        "group": "external-secrets.io", "scope": "Namespaced",
        "names": {"kind": "ExternalSecret", "plural": "externalsecrets"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
            "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}],
    },
}  # fmt: skip


def test_an_external_secret_of_the_cluster_is_to_bring_it() -> None:
    """On the sandbox: a real node's definitions are shared with whoever else uses it."""
    with Sandbox() as sandbox:
        client = Client.connect(sandbox.kubeconfig)
        cluster = Cluster(sandbox.kubeconfig, client, "default", real=False, sandbox=sandbox)
        client.create(EXTERNAL, manager="operator")
        until(lambda: served(client, "external-secrets.io/v1", "ExternalSecret"))
        made = {
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": {"name": "x", "namespace": "default"}, "spec": {"target": {"name": "late"}},
        }  # fmt: skip
        client.create(made, manager="somebody")
        arrives = threading.Timer(QUICK.config + 1, lambda: client.create(secret(), manager="operator"))
        told: list[str] = []

        def listen(event: Event) -> None:
            if isinstance(event, StepProgress) and event.step == "verify":
                told.append(event.progress.message)

        arrives.start()
        result, _ = run(cluster, reads("late"), listen=listen)
        arrives.join()
        client.close()
    assert (result.exit_code, result.status) == (Exit.DONE, Status.SUCCEEDED), result
    assert any("ExternalSecret x is to bring it" in message for message in told)


def secret() -> dict[str, Any]:
    metadata = {"name": "late", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"k": "dg=="}}
