"""Steps that share a pod on a real Argo, and those that have their own: what a containerSet changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref

from tests.argo.conftest import OnArgo
from tests.helpers import config_map, state_of, until
from tests.scenarios.saga import OBJECTS, files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
HANGING = {"env": {"APP_MODE": "unready"}}
BAD = {"image": "localhost:5000/nope:9"}


@pytest.fixture
def shared(runner: OnArgo) -> OnArgo:
    runner.argo = {**runner.argo, "pods": "one"}
    return runner


def left(runner: OnArgo) -> list[Any]:
    return [state_of(runner.client.get(Ref(version, kind, runner.namespace, name))) for version, kind, name in OBJECTS]


def back_pods(runner: OnArgo) -> list[dict[str, Any]]:
    mine = f"workflows.argoproj.io/workflow={runner.name},workflows.argoproj.io/on-exit=true"
    return runner.client.list("v1", "Pod", runner.namespace, labels=mine).items


def containers(runner: OnArgo, template: str) -> list[str]:
    return [node["displayName"] for node in runner.nodes("Container") if node["templateName"] == template]


def test_a_step_apart_has_its_pod_and_the_others_share(runner: OnArgo) -> None:
    runner.argo.pop("pods", None)
    steps = ["validate", {"name": "base", "uses": "deploy", "with": {"selector": "tier=base"}, "pod": "own"},
             {"name": "app", "uses": "deploy", "with": {"selector": "tier!=base"}}, "verify"]  # fmt: skip
    runner.start(files(runner.namespace, 1, {**BAD, "steps": steps}))
    assert runner.ended() == 4
    pods = [pod.partition(" ")[0] for pod in runner.pods()]
    assert pods == ["forward", "execute-base", "forward-2", "back", "rollback-base", "report"]
    story = runner.story()
    assert story is not None
    assert story.status is Status.UNDONE
    assert left(runner) == [None] * len(OBJECTS)


@pytest.mark.parametrize("stopped", [False, True], ids=["failed", "stopped"])
def test_a_handler_whose_pod_is_deleted_goes_back_once_more(shared: OnArgo, stopped: bool) -> None:
    """After a stop Argo retries nothing; the second round does."""
    shared.good(files(shared.namespace, 1, {}))
    before = left(shared)
    change = {**HANGING, "verify": {"deadline": "1m" if stopped else "5s"}}
    shared.start(files(shared.namespace, 2, change))
    shared.works("verify")
    if stopped:
        shared.act("stop")
    pod = until(lambda: back_pods(shared), 120, "the handler begins")[0]
    shared.client.delete(Ref.of(pod), uid=pod["metadata"]["uid"], propagation="Background")
    assert shared.ended() == (143 if stopped else 4)
    story = shared.story()
    assert story is not None
    assert (story.status, left(shared)) == (Status.UNDONE, before)


def test_a_rollback_that_is_killed_is_made_once_more(shared: OnArgo) -> None:
    """What kills one container (its memory limit, kill -9) ends the pod with the report in it."""
    shared.good(files(shared.namespace, 1, {}))
    before = left(shared)
    migrate = {"name": "migrate", "image": "localhost/busybox:1", "runner": "kubernetes",
               "execute": ["sh", "-c", "echo up"], "rollback": ["sh", "-c", "sleep 20; echo down"]}  # fmt: skip
    change = {**HANGING, "verify": {"deadline": "5s"}, "steps": ["validate", "deploy", migrate, "verify"]}
    shared.start(files(shared.namespace, 2, change))
    until(lambda: rolls_back(shared, "migrate"), 120, "its rollback works")
    pod = back_pods(shared)[0]["metadata"]["name"]
    program = "import os, signal; [os.kill(int(p), signal.SIGKILL) for p in os.listdir('/proc') if p.isdigit() and int(p) > 1 and int(p) != os.getpid()]"
    shared.kubectl("-n", shared.namespace, "exec", pod, "-c", "rollback-migrate", "--", "python3", "-c", program)
    assert shared.ended() == 4
    story = shared.story()
    assert story is not None
    assert (story.status, left(shared)) == (Status.UNDONE, before)
    again = ["rollback-migrate", "rollback-deploy", "report"]
    assert [pod.partition(" ")[0] for pod in shared.pods()] == ["forward", "back", *again], "one round more, pod by pod"


def rolls_back(runner: OnArgo, step: str) -> bool:
    story = runner.story()
    return story is not None and any(
        a.step == step and a.action.value == "rollback" and not a.ended for a in story.attempts
    )


def _many(namespace: str, number: int) -> tuple[list[Any], dict[str, str]]:
    """Give the steps that deploy so many groups of objects, and the manifests, which are over 1 MiB together."""
    groups: list[Any] = ["validate"]
    manifests: dict[str, str] = {}
    for n in range(number):
        obj = config_map(f"m{n}", text="x" * 240_000)
        obj["metadata"]["labels"] = {"part": f"p{n}"}
        manifests[f"m{n}.yaml"] = yaml.safe_dump(obj)
        step = {
            "name": ("main", "wait", "init")[n] if n < 3 else f"p{n}",
            "uses": "deploy",
            "with": {"selector": f"part=p{n}"},
        }
        if n % 3 == 1:
            groups[-1] = [groups[-1], step]
        else:
            groups.append(step)
    return [*groups, "verify"], manifests


def _apply_many(runner: OnArgo, change: Mapping[str, Any]) -> None:
    steps, manifests = _many(runner.namespace, 10)
    keys = {"name": "web", "namespace": runner.namespace, "manifests": list(manifests), "steps": steps, **change}
    runner.start({"sternway.yaml": yaml.safe_dump(keys), **manifests})


def test_twelve_steps_with_groups_and_a_configuration_over_a_mebibyte(shared: OnArgo) -> None:
    """Steps that are called as Argo's own containers among them; forward in one pod, and back in one."""
    _apply_many(shared, {})
    assert shared.ended() == 0
    assert [pod.partition(" ")[0] for pod in shared.pods()] == ["forward"]
    assert {"step-main", "step-wait", "step-init"} <= set(containers(shared, "forward"))
    _apply_many(shared, {"verify": {"http": [{"service": "nix", "port": 80, "retries": 0}]}})
    assert shared.ended() == 4
    assert [pod.partition(" ")[0] for pod in shared.pods()] == ["forward", "back"]
    story = shared.story()
    assert story is not None
    assert story.status is Status.UNDONE


def test_two_workflows_of_one_target_never_interleave(shared: OnArgo) -> None:
    """From two templates with two mutexes: the lock decides, and the second one waits for it or says why not."""
    shared.good(files(shared.namespace, 1, {}))
    texts = files(shared.namespace, 2, {"image": "localhost/app:2"})
    shared.start(texts)
    first = shared.name
    shared.argo = {**shared.argo, "mutex": "another"}
    shared.apply(files(shared.namespace, 3, {"image": "localhost/app:3"}))
    second = shared.submit()
    codes = []
    for name in (first, second):
        shared.name = name
        codes.append(shared.ended())
    assert codes[0] == 0 or codes[1] == 0, codes
    story = shared.story()
    assert story is not None, "the second one says how it ended"
    if codes[1] != 0:
        assert story.status is Status.REFUSED, story.error


def test_a_quota_and_the_defaults_of_a_limit_range_are_met(shared: OnArgo) -> None:
    """A limit range multiplies by containers, a quota wants each to say what it asks for."""
    for spec, kind, name in (
        (
            {
                "limits": [
                    {
                        "type": "Container",
                        "default": {"cpu": "1", "memory": "256Mi"},
                        "defaultRequest": {"cpu": "500m", "memory": "256Mi"},
                    }
                ]
            },
            "LimitRange",
            "defaults",
        ),
        ({"hard": {"requests.cpu": "1700m", "requests.memory": "1Gi", "limits.memory": "3Gi"}}, "ResourceQuota", "all"),
    ):
        shared.client.create(
            {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": shared.namespace}, "spec": spec},
            manager="test",
        )
    safe = {"manifests": ["settings.yaml"], "image": None, "port": None, "replicas": None, "probes": None}
    texts = files(shared.namespace, 1, safe)
    keys = {key: value for key, value in yaml.safe_load(texts["sternway.yaml"]).items() if value is not None}
    shared.start({**texts, "sternway.yaml": yaml.safe_dump(keys)})
    assert shared.ended() == 0, json.dumps(shared.workflow()["status"])[:2000]
