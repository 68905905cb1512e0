"""A run whose records are deleted on its way, and is stopped then: its end is a failed undo, and says why."""

from __future__ import annotations

import pytest
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref

from tests.argo.conftest import OnArgo
from tests.helpers import until
from tests.scenarios.saga import files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
HANGING = {"env": {"APP_MODE": "unready"}, "verify": {"deadline": "5m"}}


@pytest.mark.parametrize("lost", ["", ",sternway.dev/step=deploy"], ids=["all of it", "the record of deploy"])
def test_a_lost_journal_is_not_told_as_undone(runner: OnArgo, lost: str) -> None:
    runner.good(files(runner.namespace, 1, {}))
    runner.start(files(runner.namespace, 2, HANGING))
    run = runner.workflow()["metadata"]["uid"]

    def verifies() -> bool:
        story = runner.story()
        return story is not None and any(a.step == "verify" and not a.ended for a in story.attempts)

    until(verifies, 180, "verify works")
    labels = f"sternway.dev/run={run}{lost}"
    for secret in runner.client.list("v1", "Secret", runner.namespace, labels=labels).items:
        runner.client.delete(Ref.of(secret), uid=secret["metadata"]["uid"], propagation="Background")
    runner.act("stop")
    assert runner.ended() == Exit.ROLLBACK_FAILED
    story = runner.story()
    assert story is not None
    assert story.status is Status.ROLLBACK_FAILED
    assert "its record is gone from the journal" in "; ".join(story.rollback_errors)
    assert "deployment" in "; ".join(story.rollback_errors)
    told = [e for e in runner.client.list("v1", "Event", runner.namespace).items if e["involvedObject"].get("name") == runner.name and e["source"].get("component") == "sternway"]  # fmt: skip
    reasons = {e["reason"] for e in told}
    assert "RollbackFailed" in reasons
    assert "Undone" not in reasons
