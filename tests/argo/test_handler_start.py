"""An exit handler whose pod can't start: what it was to undo is undone by the sweep."""

from __future__ import annotations

import pytest
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref

from tests.argo.conftest import OnArgo
from tests.helpers import state_of, sternway, until
from tests.scenarios.saga import OBJECTS, files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
HANGING = {"env": {"APP_MODE": "unready"}, "verify": {"deadline": "5m"}}


def test_a_handler_that_a_quota_keeps_from_starting_is_swept(runner: OnArgo) -> None:
    runner.argo = {**runner.argo, "sweep": False, "startDeadline": "20s"}
    runner.good(files(runner.namespace, 1, {}))
    before = [state_of(runner.client.get(Ref(v, kind, runner.namespace, name))) for v, kind, name in OBJECTS]
    runner.start(files(runner.namespace, 2, HANGING))

    def verifies() -> bool:
        story = runner.story()
        return story is not None and any(a.step == "verify" and not a.ended for a in story.attempts)

    until(verifies, 180, "verify works")
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
    assert runner.workflow()["status"]["phase"] == "Running", "Argo still waits for its pod"
    after = [state_of(runner.client.get(Ref(v, kind, runner.namespace, name))) for v, kind, name in OBJECTS]
    assert after == before
    runner.client.delete(Ref("v1", "ResourceQuota", runner.namespace, "none"), uid=None)
    until(lambda: runner.workflow()["status"]["phase"] in ("Failed", "Error"), 240, "its handler finds it undone")
    story = runner.story()
    assert story is not None
    assert story.status is Status.UNDONE
