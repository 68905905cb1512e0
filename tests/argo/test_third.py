"""A step of another package on a real Argo: in its own image it executes, and is undone when a later step fails."""

from __future__ import annotations

import os
from importlib.metadata import entry_points
from typing import Any

import pytest
import yaml
from sternway_steps.journal.replay import Status
from sternway_steps.step import Action

from tests.argo.conftest import IMAGE, OnArgo
from tests.helpers import config_map
from tests.scenarios.saga import files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
FLAG_IMAGE = os.environ.get("STERNWAY_TEST_FLAG_IMAGE", "localhost/flag-step:dev")
FLAG = {"name": "checkout", "uses": "flag", "with": {"configMap": "features", "key": "checkout", "value": "on"}}


@pytest.fixture
def flag(runner: OnArgo) -> OnArgo:
    """Give the runner, in whose namespace there is a flag that is off."""
    if not any(entry.name == "flag" for entry in entry_points(group="sternway.steps")):
        pytest.skip("the example is not installed: pip install templates/examples/flag-step")
    features = config_map("features", checkout="off")
    features["metadata"]["namespace"] = runner.namespace
    runner.client.create(features, manager="test")
    runner.argo = {"image": IMAGE, "images": {"flag": FLAG_IMAGE}}
    return runner


def start(runner: OnArgo, **change: Any) -> None:
    steps = ["validate", FLAG, "deploy", "verify"]
    texts = files(runner.namespace, 1, {"steps": steps, **change})
    runner.start(texts)


def value(runner: OnArgo) -> str:
    found = runner.client.list("v1", "ConfigMap", runner.namespace).items
    return next(str(obj["data"]["checkout"]) for obj in found if obj["metadata"]["name"] == "features")


def test_it_executes_in_its_own_image(flag: OnArgo) -> None:
    start(flag)
    assert flag.ended() == 0, yaml.safe_dump(flag.workflow()["status"])[:2000]
    assert value(flag) == "on"


def test_it_is_undone_when_a_later_step_fails(flag: OnArgo) -> None:
    start(flag, image="localhost/nope:9", verify={"deadline": "1m", "grace": {"pull": "1s"}})
    assert flag.ended() == 4
    story = flag.story()
    assert story is not None
    assert story.status is Status.UNDONE
    assert value(flag) == "off"
    assert [pod.partition(" ")[0] for pod in flag.pods()] == ["forward", "back"]
    assert [a.step for a in story.attempts if a.action is Action.ROLLBACK] == ["deploy", "checkout"]
