"""What a Workflow needs is deleted while it runs: what was generated for it, or the records of its run."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref

from tests.argo.conftest import OnArgo, left
from tests.helpers import sternway, until
from tests.scenarios.saga import files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
HANGING = {"env": {"APP_MODE": "unready"}, "verify": {"deadline": "5m"}}
GENERATED = {
    "configuration": ("v1", "ConfigMap", "sternway-web-"),
    "account": ("v1", "ServiceAccount", "sternway-web"),
    "rights": ("rbac.authorization.k8s.io/v1", "Role", "sternway-web"),
}


def deleted(runner: OnArgo, version: str, kind: str, prefix: str) -> None:
    found = [
        each
        for each in runner.client.list(version, kind, runner.namespace).items
        if each["metadata"]["name"].startswith(prefix)
    ]
    assert found, f"no {kind} {prefix}"
    for each in found:
        runner.client.delete(Ref.of(each), uid=each["metadata"]["uid"], propagation="Background")


@pytest.mark.parametrize("what", GENERATED)
def test_what_was_generated_is_deleted_while_it_runs(runner: OnArgo, what: str) -> None:
    """The handler can't do its work then, nor could the CronJob, which needs the same: any other sweep does it."""
    runner.argo = {**runner.argo, "sweep": False, "startDeadline": "20s"}
    runner.good(files(runner.namespace, 1, {}))
    before = left(runner)
    runner.start(files(runner.namespace, 2, HANGING))
    runner.works("verify")
    deleted(runner, *GENERATED[what])
    runner.act("stop")

    def swept() -> bool:
        done = sternway("sweep", "--namespace", runner.namespace, kubeconfig=runner.kubeconfig)
        assert done.returncode in (Exit.DONE, Exit.TRANSIENT), done.stderr
        story = runner.story()
        return story is not None and story.status is not Status.OPEN

    until(swept, 240, "its handler or the sweep ends it")
    story = runner.story()
    assert story is not None
    assert story.status is Status.UNDONE
    assert left(runner) == before
    over = ("Failed", "Error")
    until(lambda: runner.workflow()["status"]["phase"] in over, 240, "the Workflow ends, and gives its mutex up")
    told = runner.client.get(Ref("v1", "Event", runner.namespace, f"{runner.name}.sternway"))
    assert told is not None
    assert told["reason"] == "Undone"


def test_a_terminated_run_whose_records_are_gone_is_told_by_the_sweep(runner: OnArgo) -> None:
    """No handler runs, and the journal knows nothing: what carries the run is all that tells of it."""
    runner.good(files(runner.namespace, 1, {}))
    runner.start(files(runner.namespace, 2, HANGING))
    run = runner.workflow()["metadata"]["uid"]
    runner.works("verify")
    for secret in runner.client.list("v1", "Secret", runner.namespace, labels=f"sternway.dev/run={run}").items:
        runner.client.delete(Ref.of(secret), uid=secret["metadata"]["uid"], propagation="Background")
    terminate = {"spec": {"shutdown": "Terminate"}}
    runner.client.patch(
        Ref("argoproj.io/v1alpha1", "Workflow", runner.namespace, runner.name), terminate, manager="test"
    )

    def told() -> list[dict[str, Any]]:
        events = runner.client.list("v1", "Event", runner.namespace).items
        return [each for each in events if each["reason"] == "NotUndone" and run in each["message"]]

    kinds = {each["involvedObject"]["kind"] for each in until(told, 240, "the CronJob tells")}
    assert "Deployment" in kinds or until(
        lambda: {e["involvedObject"]["kind"] for e in told()} >= {"Deployment"}, 20, "of it"
    )
