"""What ended the way forward is named with its own sentence and code, whoever knows it: the step, Argo or the kubelet."""

from __future__ import annotations

import json

import pytest
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status, Story
from sternway_steps.objects.ref import Ref

from tests.argo.conftest import OnArgo, left, works
from tests.helpers import until
from tests.scenarios.saga import files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
HANGING = {"env": {"APP_MODE": "unready"}, "verify": {"deadline": "5m"}}
ROLE = "rbac.authorization.k8s.io/v1"


def told(runner: OnArgo) -> str:
    """Give the Event that tells the end of the run."""
    event = runner.client.get(Ref("v1", "Event", runner.namespace, f"{runner.name}.sternway"))
    return str(event["message"]) if event is not None else ""


def ends(runner: OnArgo, code: Exit, status: Status, *words: str) -> Story:
    """Wait for the end, and hold it against what is expected, in the journal and beside the Workflow."""
    assert runner.ended() == code, (told(runner), json.dumps(runner.workflow()["status"]["nodes"]))
    story = runner.story()
    assert story is not None
    assert (story.status, story.exit_code) == (status, code), story.error
    for word in words:
        assert word in story.error, story.error
        assert word in told(runner)
    return story


def test_a_pod_that_is_deleted(good: OnArgo) -> None:
    before = left(good)
    good.start(files(good.namespace, 2, HANGING))
    works(good, "verify")
    good.act("delete")
    ends(good, Exit.STOPPED, Status.UNDONE, "its pod was deleted")
    assert left(good) == before


def test_a_pod_that_is_evicted_through_the_api(good: OnArgo) -> None:
    """As `kubectl drain` does it."""
    before = left(good)
    good.start(files(good.namespace, 2, HANGING))
    works(good, "verify")
    labels = f"workflows.argoproj.io/workflow={good.name}"
    pods = good.client.list("v1", "Pod", good.namespace, labels=labels).items
    pod = next(p["metadata"]["name"] for p in pods if p["status"]["phase"] == "Running")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": good.namespace}}
    good.client.raw("POST", f"/api/v1/namespaces/{good.namespace}/pods/{pod}/eviction", body=eviction)
    ends(good, Exit.STOPPED, Status.UNDONE, "its pod was")
    assert left(good) == before


def test_a_deadline_of_a_step(good: OnArgo) -> None:
    before = left(good)
    steps = ["validate", "deploy", {"name": "verify", "deadline": "8s", "retries": 0}]
    good.start(files(good.namespace, 2, {**HANGING, "steps": steps}))
    ends(good, Exit.FAILED, Status.UNDONE, "deadline")
    assert left(good) == before


def test_the_deadline_of_the_run(good: OnArgo) -> None:
    before = left(good)
    good.start(files(good.namespace, 2, {**HANGING, "deadline": "75s"}))
    works(good, "verify")
    ends(good, Exit.STOPPED, Status.UNDONE, "deadline")
    assert left(good) == before


def test_a_run_that_is_refused(good: OnArgo) -> None:
    before = left(good)
    texts = files(good.namespace, 2, {})
    wrong = texts["settings.yaml"].replace("name: settings", "name: Settings_of_web")
    good.start({**texts, "settings.yaml": wrong})
    ends(good, Exit.REFUSED, Status.REFUSED, "Settings_of_web")
    assert left(good) == before


def test_a_right_that_the_executor_lacks(good: OnArgo) -> None:
    """Without it Argo hears of no output either, so the code is the journal's."""
    before = left(good)
    role = json.loads(good.kubectl("-n", good.namespace, "get", "role", "sternway-web", "-o", "json"))
    rules = [rule for rule in role["rules"] if "workflowtaskresults" not in rule["resources"]]
    assert len(rules) < len(role["rules"])
    good.apply(files(good.namespace, 2, {}))
    good.client.patch(Ref(ROLE, "Role", good.namespace, "sternway-web"), {"rules": rules}, manager="test")
    good.submit()

    def over() -> bool:
        return good.workflow().get("status", {}).get("phase") in ("Failed", "Error")

    until(over, 400, "it ends")
    story = good.story()
    assert story is not None
    assert story.status in (Status.UNDONE, Status.REFUSED)
    assert story.exit_code in (Exit.FAILED, Exit.REFUSED)
    for text in (story.error, told(good)):
        assert "workflowtaskresults" in text
    assert left(good) == before
