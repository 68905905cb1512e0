"""A CronWorkflow of each minute with a bad version: undone once, and then held until its content changes."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session

from tests.argo.conftest import API, OnArgo
from tests.helpers import state_of, until
from tests.scenarios.saga import OBJECTS, files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
BAD = {"env": {"APP_MODE": "unready"}, "verify": {"deadline": "10s"}, "schedule": "* * * * *"}


class Nightly:
    """The Workflows that the schedule starts, one after the other."""

    def __init__(self, runner: OnArgo) -> None:
        self.runner = runner
        self._seen: set[str] = set()

    def next(self) -> int:
        """Wait for the next one and its end, and give its exit code."""
        self.started()
        return self.runner.ended()

    def started(self) -> None:
        """Wait for the next one."""
        self.runner.name = until(self._next, 200, "the minute comes")
        self._seen.add(self.runner.name)

    def _next(self) -> str:
        mine = "workflows.argoproj.io/cron-workflow=web"
        found = self.runner.client.list(API, "Workflow", self.runner.namespace, labels=mine).items
        new = sorted((w["metadata"]["creationTimestamp"], w["metadata"]["name"]) for w in found if w["metadata"]["name"] not in self._seen)  # fmt: skip
        return str(new[0][1]) if new else ""


def test_a_bad_version_is_undone_once_and_then_held(runner: OnArgo) -> None:
    runner.good(files(runner.namespace, 1, {}))
    old, nightly = _world(runner), Nightly(runner)
    runner.apply(files(runner.namespace, 2, BAD))
    assert nightly.next() == Exit.FAILED
    undone = runner.story()
    assert undone is not None
    assert (undone.status, _world(runner)) == (Status.UNDONE, old)
    generation = _generation(runner)
    for _ in range(2):
        assert nightly.next() == Exit.REFUSED
        assert runner.workflow()["status"]["phase"] in ("Failed", "Error")
        told = f"{runner.workflow()['status'].get('message')} {[n.get('message') for n in runner.nodes('Pod')]}"
        assert f"held since {undone.ended[:19].replace('T', ' ')}" in told
        assert undone.run in told
    assert (_generation(runner), _world(runner)) == (generation, old), "nothing was rolled over"
    with Session(kubeconfig=runner.kubeconfig, namespace=runner.namespace) as session:
        runs = [(story.run, story.status) for story in session.runs()]
    assert [run for run in runs if run[1] is not Status.SUCCEEDED] == [(undone.run, Status.UNDONE)]
    runner.apply(files(runner.namespace, 3, {**BAD, "env": {"APP_MODE": "ok"}}))
    until(lambda: nightly.next() == Exit.DONE, 200, "a content of its own is deployed")
    settings = runner.client.get(Ref("v1", "ConfigMap", runner.namespace, "settings"))
    assert settings is not None
    assert settings["data"] == {"version": "3"}


def _world(runner: OnArgo) -> list[Any]:
    return [state_of(runner.client.get(Ref(v, kind, runner.namespace, name))) for v, kind, name in OBJECTS]


def _generation(runner: OnArgo) -> int:
    found = runner.client.get(Ref("apps/v1", "Deployment", runner.namespace, "web"))
    assert found is not None
    return int(found["metadata"]["generation"])
