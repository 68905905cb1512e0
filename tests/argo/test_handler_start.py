"""An exit handler whose pod can't start: what it was to undo is undone by the sweep."""

from __future__ import annotations

import pytest
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref

from tests.argo.conftest import OnArgo, left, works
from tests.helpers import sternway, until
from tests.scenarios.saga import files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
HANGING = {"env": {"APP_MODE": "unready"}, "verify": {"deadline": "5m"}}


def test_a_handler_that_a_quota_keeps_from_starting_is_swept(runner: OnArgo) -> None:
    """The Workflow ends with its run, and the next one, which needs its mutex, goes through."""
    runner.argo = {**runner.argo, "sweep": False, "startDeadline": "20s"}
    runner.good(files(runner.namespace, 1, {}))
    before = left(runner)
    runner.start(files(runner.namespace, 2, HANGING))
    works(runner, "verify")
    none = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    none["metadata"]["namespace"] = runner.namespace
    runner.client.create(none, manager="test")
    runner.act("stop")

    def swept() -> bool:
        done = sternway("sweep", "--namespace", runner.namespace, kubeconfig=runner.kubeconfig)
        assert done.returncode == 0, done.stderr
        story = runner.story()
        return story is not None and story.status is Status.UNDONE

    until(swept, 180, "it is swept")
    until(lambda: runner.workflow()["status"]["phase"] in ("Failed", "Error"), 240, "the Workflow ends")
    assert left(runner) == before
    event = runner.client.get(Ref("v1", "Event", runner.namespace, f"{runner.name}.sternway"))
    assert event is not None
    assert event["reason"] == "Undone"
    assert "exit handler, which does not start" in event["message"]
    mine = f"workflows.argoproj.io/workflow={runner.name}"
    pods = runner.client.list("v1", "Pod", runner.namespace, labels=mine).items
    assert [pod["metadata"]["name"] for pod in pods if pod["status"]["phase"] in ("Pending", "Running")] == []
    runner.client.delete(Ref("v1", "ResourceQuota", runner.namespace, "none"), uid=None)
    runner.good(files(runner.namespace, 3, {}))
