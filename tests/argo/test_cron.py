"""A CronWorkflow on a real Argo that ends while its Workflow runs: deleted, or stopped by its own strategy."""

from __future__ import annotations

import pytest
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session

from tests.argo.conftest import API, OnArgo, left
from tests.argo.test_hold import Nightly
from tests.helpers import until
from tests.scenarios.saga import files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
BAD = {"env": {"APP_MODE": "unready"}, "verify": {"deadline": "30s"}}
EACH_MINUTE = "* * * * *"


@pytest.mark.parametrize("cascade", ["background", "orphan"])
def test_deleted_it_takes_its_workflow_along_or_lets_it_end(runner: OnArgo, cascade: str) -> None:
    runner.good(files(runner.namespace, 1, {}))
    before, nightly = left(runner), Nightly(runner)
    runner.apply(files(runner.namespace, 2, {**BAD, "schedule": EACH_MINUTE}))
    nightly.started()
    runner.works("verify")
    run = runner.workflow()["metadata"]["uid"]
    runner.kubectl("-n", runner.namespace, "delete", "cronworkflow", "web", f"--cascade={cascade}")
    if cascade == "orphan":
        assert runner.ended() == Exit.FAILED
    else:
        workflow = Ref(API, "Workflow", runner.namespace, runner.name)
        until(lambda: runner.client.get(workflow) is None, 120, "its Workflow goes with it")
    with Session(kubeconfig=runner.kubeconfig, namespace=runner.namespace) as session:
        until(lambda: session.story(run).status is Status.UNDONE, 240, "it is undone")
    assert left(runner) == before


def test_its_stop_strategy_ends_it_after_a_run_that_failed(runner: OnArgo) -> None:
    runner.good(files(runner.namespace, 1, {}))
    before, nightly = left(runner), Nightly(runner)
    schedule = {"cron": [EACH_MINUTE], "stopStrategy": {"expression": "cronworkflow.failed >= 1"}}
    runner.apply(files(runner.namespace, 2, {**BAD, "schedule": schedule}))
    assert nightly.next() == Exit.FAILED

    def stopped() -> bool:
        found = runner.client.get(Ref(API, "CronWorkflow", runner.namespace, "web"))
        return found is not None and found.get("status", {}).get("phase") == "Stopped"

    until(stopped, 120, "no other one is started")
    assert left(runner) == before
