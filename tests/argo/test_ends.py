"""Every way in which an Argo user ends, retries or starves a Workflow: the undo is right, and what is told is true."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

import pytest
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref

from tests.argo.conftest import OnArgo
from tests.helpers import state_of, until
from tests.scenarios.saga import OBJECTS, files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(600)]
BROKEN = {"env": {"APP_MODE": "crash"}, "verify": {"deadline": "20s"}}
HANGING = {"env": {"APP_MODE": "unready"}}


def argo(runner: OnArgo, *words: str) -> str:
    """Call Argo's own command line, which decides by itself what a retry or a resubmission keeps."""
    program = shutil.which("argo")
    if program is None:
        pytest.skip("no `argo` on the path")
    command = [program, "-n", runner.namespace, *words]
    environ = {**os.environ, "KUBECONFIG": runner.kubeconfig}
    done = subprocess.run(command, env=environ, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def live(runner: OnArgo) -> list[Any]:
    return [state_of(runner.client.get(Ref(v, kind, runner.namespace, name))) for v, kind, name in OBJECTS]


def told(runner: OnArgo) -> list[dict[str, Any]]:
    """Give the Events of ours on the Workflow."""
    events = runner.client.list("v1", "Event", runner.namespace).items
    return [
        e
        for e in events
        if e["involvedObject"].get("name") == runner.name and e["source"].get("component") == "sternway"
    ]


def test_a_memoized_resubmission_deploys_nothing_by_halves(runner: OnArgo) -> None:
    """Argo starts all that it remembers at once, in a run of which nothing is done."""
    runner.good(files(runner.namespace, 1, {}))
    before = live(runner)
    runner.start(files(runner.namespace, 2, BROKEN))
    assert runner.ended() == Exit.FAILED
    assert live(runner) == before
    runner.name = argo(runner, "resubmit", "--memoized", "-o", "name", runner.name)
    code = runner.ended()
    story = runner.story()
    assert runner.workflow()["status"]["phase"] == "Failed", runner.pods()
    assert code == Exit.REFUSED, (code, runner.pods(), json.dumps(told(runner)))
    assert live(runner) == before
    assert story is None or story.status in (Status.REFUSED, Status.UNDONE)


def test_a_right_that_is_missing_is_named_and_refused(runner: OnArgo) -> None:
    """Nothing is recorded, for that needs the right too; and nothing ran."""
    runner.argo = {**runner.argo, "pods": "one"}
    runner.apply(files(runner.namespace, 1, {}))
    role = json.loads(runner.kubectl("-n", runner.namespace, "get", "role", "sternway-web", "-o", "json"))
    kept = [{**rule, "resources": [each for each in rule["resources"] if each != "leases"]} for rule in role["rules"]]
    change = {"rules": [rule for rule in kept if rule["resources"]]}
    runner.client.patch(Ref("rbac.authorization.k8s.io/v1", "Role", runner.namespace, "sternway-web"), change, manager="test")  # fmt: skip
    runner.submit()
    assert runner.ended() == Exit.REFUSED
    validate = next(node for node in runner.nodes("Container") if node["displayName"] == "validate")
    assert "exit code 3" in validate["message"]
    assert "leases" in validate["message"]
    (end,) = (event for event in told(runner) if event["metadata"]["name"] == f"{runner.name}.sternway")
    assert (end["reason"], "leases" in end["message"]) == ("Refused", True), "it is told beside the Workflow too"
    assert [pod.partition(" ")[0] for pod in runner.pods()] == ["forward", "back"], "one round ends it"


def test_values_that_argo_retry_dropped_are_named_and_the_run_is_undone(runner: OnArgo) -> None:
    """Terminated, so no handler ran; then somebody retries with one value, and Argo drops the defaults of the others."""
    runner.argo = {**runner.argo, "sweep": False, "undoOnTerminate": False}
    runner.good(files(runner.namespace, 1, {}))
    before = live(runner)
    runner.start(files(runner.namespace, 2, HANGING))
    runner.works("verify")
    argo(runner, "terminate", runner.name)
    until(lambda: runner.workflow().get("status", {}).get("phase") == "Failed", 120, "it is terminated")

    # Argo takes a pod that is still going away for the one that it wants to make, and then waits for it without an end.
    def left() -> bool:
        pods = runner.client.list("v1", "Pod", runner.namespace, labels=f"workflows.argoproj.io/workflow={runner.name}")
        return all(pod["status"]["phase"] in ("Succeeded", "Failed") for pod in pods.items)

    until(left, 120, "its pods have ended")
    argo(runner, "retry", "-p", "image=localhost/app:1", runner.name)
    until(lambda: runner.workflow().get("status", {}).get("phase") == "Running", 60, "it is retried")
    runner.ended()
    story = runner.story()
    assert story is not None
    assert (story.status, live(runner)) == (Status.UNDONE, before), story.error
    assert "parameter replicas" in json.dumps(told(runner))
