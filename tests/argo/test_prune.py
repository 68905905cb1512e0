"""What a target no longer names, on a real Argo and with the generated rights alone: removed by a success, else put back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from sternway_steps.journal.replay import Status, Story
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session
from sternway_steps.step import Action

from tests.argo.conftest import IMAGE, OnArgo, left
from tests.helpers import config_map, deployment, state_of, sternway, until
from tests.scenarios.saga import files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
PRUNES = {"deploy": {"prune": True}}
# It takes this long to end, and so does the removal of what owns it: longer than a stop takes to arrive.
LINGERS = {"image": "localhost/busybox:1", "command": ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "old"},
    "stringData": {"password": "hunter2hunter2"},
}
POLICY = {
    "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "old"},
    "spec": {"podSelector": {"matchLabels": {"app": "nobody"}}, "policyTypes": ["Ingress"]},
}  # fmt: skip
SERVICE = {
    "apiVersion": "v1", "kind": "Service", "metadata": {"name": "old"},
    "spec": {"selector": {"app": "old"}, "ports": [{"port": 80, "targetPort": 8080}]},
}  # fmt: skip
OLD = (config_map("old", a="1"), POLICY, SERVICE, deployment("old"))


def old(runner: OnArgo) -> list[dict[str, Any] | None]:
    return [runner.client.get(Ref(o["apiVersion"], o["kind"], runner.namespace, "old")) for o in OLD]


def named(runner: OnArgo, *objects: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, str]:
    """Give the pipeline's files with more objects than it will keep."""
    texts = files(runner.namespace, 1, {"manifests": ["settings.yaml", "old.yaml"], **change})
    return {**texts, "old.yaml": yaml.safe_dump_all(objects)}


@pytest.fixture(params=["one", "each"])
def before(runner: OnArgo, request: pytest.FixtureRequest) -> OnArgo:
    """Give a runner whose target has deployed what it will no longer name."""
    runner.argo = {"image": IMAGE, "pods": request.param}
    runner.start(named(runner, *OLD, change=PRUNES))
    assert runner.ended() == 0, runner.workflow()["status"]
    return runner


def told(runner: OnArgo) -> Story:
    story = runner.story()
    assert story is not None
    return story


def results(story: Story, action: Action) -> dict[str, str]:
    """Give what became of each object in the step that removes."""
    [attempt] = [a for a in story.attempts if (a.step, a.action) == ("prune", action)]
    return {item["what"].partition(" ")[0]: item["result"] for item in attempt.data["items"]}


def test_a_success_removes_it_and_a_rollback_of_that_run_puts_it_back(before: OnArgo) -> None:
    seen = [state_of(obj) for obj in old(before)]
    before.start(files(before.namespace, 2, PRUNES))
    assert before.ended() == 0
    assert old(before) == [None] * len(OLD)
    assert [pod.partition(" ")[0] for pod in before.pods()] == _forward(before)
    story = told(before)
    assert results(story, Action.EXECUTE) == dict.fromkeys(
        ("configmap/old", "networkpolicy.networking.k8s.io/old", "service/old", "deployment.apps/old"), "deleted"
    )
    with Session(kubeconfig=before.kubeconfig, namespace=before.namespace) as session:
        assert session.rollback(story.run).status is Status.UNDONE
    assert [state_of(obj) for obj in old(before)] == seen


def test_when_a_later_step_fails_it_is_put_back_with_its_fields(before: OnArgo) -> None:
    was, kept = old(before), left(before)
    steps = ["validate", "deploy", {"name": "prune", "uses": "deploy", "with": {"prune": True}}, "verify"]
    bad = {"verify": {"http": [{"service": "nix", "port": 80, "retries": 0}]}, "steps": steps}
    before.start(files(before.namespace, 2, bad))
    assert before.ended() == 4
    story = told(before)
    assert story.status is Status.UNDONE
    assert [state_of(obj) for obj in old(before)] == [state_of(obj) for obj in was]
    assert [(obj or {}).get("spec", {}).get("clusterIP") for obj in old(before)] == [
        (obj or {}).get("spec", {}).get("clusterIP") for obj in was
    ]
    assert left(before) == kept
    assert set(results(story, Action.EXECUTE).values()) == {"deleted"}
    assert set(results(story, Action.ROLLBACK).values()) == {"restored"}
    back = [a.step for a in story.attempts if a.action is Action.ROLLBACK]
    assert back == ["prune", "deploy"], "the old is back before the new goes"
    assert "undone" in json.dumps(before.workflow()["status"])


def test_a_stop_while_it_is_being_removed_puts_it_back(runner: OnArgo) -> None:
    """A removal that has begun can't be taken back: the undo waits for its end, and makes it anew."""
    runner.argo = {"image": IMAGE, "pods": "one"}
    slow = deployment("old")
    slow["spec"]["template"]["spec"] = {"terminationGracePeriodSeconds": 20, "containers": [{"name": "old", **LINGERS}]}
    runner.start(named(runner, slow, change=PRUNES))
    assert runner.ended() == 0, runner.workflow()["status"]
    was, kept = old(runner), left(runner)
    runner.start(files(runner.namespace, 2, PRUNES))
    until(lambda: "deletionTimestamp" in (old(runner)[-1] or {}).get("metadata", {}), 180, "it is being removed")
    runner.act("stop")
    assert runner.ended() == 143
    story = told(runner)
    assert story.status is Status.UNDONE
    assert [state_of(obj) for obj in old(runner)] == [state_of(obj) for obj in was]
    assert left(runner) == kept
    assert results(story, Action.ROLLBACK) == {"deployment.apps/old": "restored"}


def test_a_secret_that_was_left_out_stays_until_nothing_reads_it(runner: OnArgo) -> None:
    """Deployed from a laptop; `template` has it left out and applied apart, and the next pod needs it."""
    reads = {**PRUNES, "env": {"PASSWORD": {"secret": "old", "key": "password"}}}
    for name, text in named(runner, SECRET, change=reads).items():
        (runner.folder / name).write_text(text)
    made = sternway("run", "-c", str(runner.folder / "sternway.yaml"), kubeconfig=runner.kubeconfig)
    assert made.returncode == 0, made.stdout + made.stderr
    secret = Ref("v1", "Secret", runner.namespace, "old")
    runner.argo = {"image": IMAGE, "pods": "one"}
    for texts, stays in ((files(runner.namespace, 2, reads), True), (files(runner.namespace, 3, PRUNES), False)):
        runner.start(texts)
        assert runner.ended() == 0, runner.workflow()["status"]
        assert (runner.client.get(secret) is not None) is stays
    assert results(told(runner), Action.EXECUTE) == {"secret/old": "deleted"}


def _forward(runner: OnArgo) -> list[str]:
    return [*runner.forward(), "execute-prune"] if runner.argo["pods"] == "each" else runner.forward()
