"""Every scenario of tests/scenarios/saga on a real Argo: each ends as it ends in one process."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.session import Session

from tests.argo.conftest import API, OnArgo
from tests.helpers import state_of, until
from tests.scenarios.hurdles import RealHurdles
from tests.scenarios.saga import OBJECTS, SCENARIOS, Scenario, files, play

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
HANGING = {"env": {"APP_MODE": "unready"}}


@pytest.mark.parametrize("pods", ["one", "each"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario, pods: str, runner: OnArgo, hurdles: RealHurdles) -> None:
    runner.argo = {**runner.argo, "pods": pods}
    story = play(scenario, runner, hurdles)
    workflow = runner.workflow()
    handler = [pod.partition(" ")[0] for pod in runner.pods() if not pod.startswith(("execute-", "forward"))]
    if story.status is Status.SUCCEEDED:
        assert (workflow["status"]["phase"], handler) == ("Succeeded", [])
        return
    assert workflow["status"]["phase"] in ("Failed", "Error")
    back = [template["name"] for template in _templates(runner) if template["name"].startswith("rollback-")]
    expected = ["back"] if pods == "one" else [*sorted(back), "report"]
    assert [*sorted(handler[:-1]), handler[-1]] == expected, (
        "one pod back, or one for each step with effects and the report"
    )
    _told_everywhere(runner, story.status)


def _templates(runner: OnArgo) -> list[dict[str, Any]]:
    found = runner.client.get(Ref(API, "WorkflowTemplate", runner.namespace, "web"))
    assert found is not None
    return list(found["spec"]["templates"])


def _told_everywhere(runner: OnArgo, status: Status) -> None:
    report = next(
        n
        for n in [*runner.nodes("Container"), *runner.nodes("Pod")]
        if n["displayName"] in ("main", "report", "report(0)")
    )
    events = runner.client.list("v1", "Event", runner.namespace).items
    mine = [
        e
        for e in events
        if e["involvedObject"].get("name") == runner.name and e["source"].get("component") == "sternway"
    ]
    reason = "".join(word.title() for word in status.value.split("-"))
    ends = [
        e for e in mine if e["metadata"]["name"] == f"{runner.name}.sternway"
    ]  # beside those of the steps that failed
    assert [e["reason"] for e in ends] == [reason], [e["reason"] for e in mine]
    for text in (report["message"], ends[0]["message"]):
        assert status.value in text
        assert ("sternway rollback " in text) is (status is Status.ROLLBACK_FAILED)


def test_a_run_that_was_terminated_is_undone_by_the_next_one(runner: OnArgo) -> None:
    """Argo runs no handler then; the target's mutex tells the next run that nobody works on it any more."""
    runner.argo = {**runner.argo, "sweep": False, "undoOnTerminate": False}
    runner.good(files(runner.namespace, 1, {}))
    runner.start(files(runner.namespace, 2, HANGING))
    runner.works("verify")
    first = runner.workflow()["metadata"]["uid"]
    runner.client.patch(Ref(API, "Workflow", runner.namespace, runner.name), {"spec": {"shutdown": "Terminate"}}, manager="test")  # fmt: skip
    until(lambda: runner.workflow()["status"]["phase"] == "Failed", 120, "it is terminated")
    with Session(kubeconfig=runner.kubeconfig, namespace=runner.namespace) as session:
        assert session.story(first).status is Status.OPEN
    runner.good(files(runner.namespace, 3, {}))
    with Session(kubeconfig=runner.kubeconfig, namespace=runner.namespace) as session:
        assert session.story(first).status is Status.UNDONE


@pytest.mark.parametrize("what", ["terminate", "delete"])
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "by the sweeper alone"])
def test_a_run_that_was_terminated_or_deleted_is_undone_by_itself(runner: OnArgo, what: str, at_once: bool) -> None:
    """With the generated rights alone: the step that is told to stop starts the sweep, else the next minute does."""
    runner.argo = {**runner.argo, "undoOnTerminate": at_once, "sweep": not at_once}
    runner.good(files(runner.namespace, 1, {}))
    before = [state_of(runner.client.get(Ref(v, kind, runner.namespace, name))) for v, kind, name in OBJECTS]
    runner.start(files(runner.namespace, 2, HANGING))
    run = runner.workflow()["metadata"]["uid"]
    with Session(kubeconfig=runner.kubeconfig, namespace=runner.namespace) as session:
        runner.works("verify")
        workflow = Ref(API, "Workflow", runner.namespace, runner.name)
        if what == "terminate":
            runner.client.patch(workflow, {"spec": {"shutdown": "Terminate"}}, manager="test")
        else:
            runner.client.delete(workflow, uid=run, propagation="Background")
        until(lambda: session.story(run).status is Status.UNDONE, 180, "it is undone")
    after = [state_of(runner.client.get(Ref(v, kind, runner.namespace, name))) for v, kind, name in OBJECTS]
    assert after == before
    names = [job["metadata"]["name"] for job in runner.client.list("batch/v1", "Job", runner.namespace).items]
    assert (f"sternway-undo-{run}" in names) is at_once


@pytest.mark.parametrize("image", ["localhost/app:2", "localhost:5000/nope:9"])
def test_steps_for_the_end_run_when_all_is_over_and_change_nothing_of_it(runner: OnArgo, image: str) -> None:
    """With the generated rights alone; a success starts a pod of the handler for them, and for nothing else."""
    job = {"image": "localhost/busybox:1", "deadline": "2m", "retries": 0}
    ending = [
        {
            **job,
            "name": on,
            "on": on,
            "execute": ["sh", "-c", f'echo "$STERNWAY_STATUS $STERNWAY_EXIT_CODE"; exit {code}'],
        }
        for on, code in (("always", 3), ("success", 0), ("failure", 0))
    ]
    good = image == "localhost/app:2"
    runner.start(files(runner.namespace, 1, {"image": image, "steps": [*ending, "validate", "deploy", "verify"]}))
    run = runner.workflow()["metadata"]["uid"]
    assert runner.ended() == (0 if good else 4)
    with Session(kubeconfig=runner.kubeconfig, namespace=runner.namespace) as session:
        story = session.story(run)
    assert story.status is (Status.SUCCEEDED if good else Status.UNDONE)
    how, on = ("succeeded", "success") if good else ("undone", "failure")
    assert [(a.step, a.end, a.result) for a in story.after] == [("always", how, "failed"), (on, how, "done")]
    assert story.after[1].data["summary"] == f"done: {how} {0 if good else 4}"
    assert story.after[0].began > max(attempt.ended for attempt in story.attempts)
    pods = [pod.partition(" ")[0] for pod in runner.pods()]
    assert pods == ["forward", "report" if good else "back"]
    assert runner.workflow()["status"]["phase"] == ("Succeeded" if good else "Failed")
    if not good:  # of a success Argo keeps no message
        report = next(n for n in runner.nodes("Container") if n["displayName"] == "main")
        assert "step always (on: always) failed" in report["message"]


def test_parameters_change_what_is_deployed_and_progress_is_seen(runner: OnArgo) -> None:
    # Argo's executor tells the controller of a pod's progress once a minute.
    slow = {"env": {"APP_MODE": "slow", "APP_AFTER": "80s"}, "verify": {"deadline": "3m"}}
    runner.apply(files(runner.namespace, 1, slow))
    runner.submit(image="localhost/app:3")

    def progress() -> list[str]:
        return [str(n.get("progress")) for n in runner.nodes("Pod") if n["templateName"] == "forward"]

    # The service is there, the deployment is not up: the ConfigMap is nothing to wait for.
    until(lambda: progress() == ["1/2"], 140, "verify tells how far it is")
    assert runner.ended() == 0
    made = runner.client.get(Ref("apps/v1", "Deployment", runner.namespace, "web"))
    assert made is not None
    assert made["spec"]["template"]["spec"]["containers"][0]["image"] == "localhost/app:3"


def test_a_schedule_starts_runs(runner: OnArgo) -> None:
    runner.apply(files(runner.namespace, 1, {"schedule": "* * * * *"}))

    def started() -> str:
        found = runner.client.list(API, "Workflow", runner.namespace, labels="workflows.argoproj.io/cron-workflow=web")
        return str(found.items[0]["metadata"]["name"]) if found.items else ""

    runner.name = until(started, 150, "the minute comes")
    assert runner.ended() == 0


def test_nothing_of_a_pipeline_needs_more_than_the_restricted_standard(runner: OnArgo) -> None:
    """The namespace enforces it: a pod that asked for more would not be created."""
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    runner.client.patch(Ref("v1", "Namespace", None, runner.namespace), label, manager="test")
    safe = {"manifests": ["settings.yaml"], "image": None, "port": None, "replicas": None, "probes": None}
    texts = files(runner.namespace, 1, safe)
    runner.apply({name: _without_nothing(text) for name, text in texts.items()})
    runner.submit()
    assert runner.ended() == 0, json.dumps(runner.workflow()["status"])[:2000]
    texts = files(runner.namespace, 2, {**safe, "verify": {"http": [{"service": "nix", "port": 80, "retries": 0}]}})
    runner.start({name: _without_nothing(text) for name, text in texts.items()})
    assert runner.ended() == 4, json.dumps(runner.workflow()["status"])[:2000]
    story = runner.story()
    assert story is not None
    assert story.status is Status.UNDONE
    labels = f"workflows.argoproj.io/workflow={runner.name}"
    pods = runner.client.list("v1", "Pod", runner.namespace, labels=labels).items
    ours = [c for pod in pods for c in pod["spec"]["containers"] if c["name"] != "wait"]
    assert sorted(c["name"] for c in ours) == ["deploy", "main", "rollback-deploy", "validate", "verify"]
    assert all(c["securityContext"]["readOnlyRootFilesystem"] for c in ours)


def _without_nothing(text: str) -> str:
    return yaml.safe_dump({key: value for key, value in yaml.safe_load(text).items() if value is not None})
