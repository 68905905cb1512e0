"""An image of the way forward that can't be pulled: the run ends by itself, and with the pull's own words."""

from __future__ import annotations

import json

import pytest
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status

from tests.argo.conftest import OnArgo, left
from tests.helpers import until
from tests.scenarios.saga import files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]
NOPE = "localhost:5000/nope:9"


@pytest.fixture
def nope(good: OnArgo) -> OnArgo:
    """Give a runner whose target is good, and where what waits is soon given up."""
    good.argo |= {"startDeadline": "10s", "pendingTimeout": "45s"}
    return good


def waits(runner: OnArgo) -> bool:
    """Tell whether a pod of the Workflow is held up by its image."""
    pods = runner.client.list("v1", "Pod", runner.namespace, labels=f"workflows.argoproj.io/workflow={runner.name}")
    return "ImagePullBackOff" in json.dumps([pod.get("status") for pod in pods.items])


def told(runner: OnArgo) -> str:
    """Give what stands beside the Workflow."""
    events = runner.client.list("v1", "Event", runner.namespace, fields=f"involvedObject.name={runner.name}").items
    return "\n".join(e["message"] for e in events if e["source"].get("component") == "sternway")


@pytest.mark.parametrize("stopped", [False, True], ids=["by itself", "stopped"])
@pytest.mark.parametrize("step", ["validate", "verify"])
def test_an_image_that_cannot_be_pulled_ends_the_run(nope: OnArgo, step: str, stopped: bool) -> None:
    before = left(nope)
    waiting = nope.argo["pods"] == "each" and step == "verify"  # only then something was changed before
    late = {"startDeadline": "10m", "pendingTimeout": "10m"} if stopped else {}
    nope.argo = {**nope.argo, **late, "images": {step: NOPE}}
    nope.start(files(nope.namespace, 2, {}))
    if stopped:
        until(lambda: waits(nope), 120, "its image can't be pulled")
        nope.act("stop")
    code = nope.ended()
    story = nope.story()
    assert story is not None
    print(json.dumps(nope.workflow()["status"].get("nodes"), indent=1))
    print(told(nope), story)
    assert left(nope) == before
    assert NOPE in (story.error or ""), story.error
    assert NOPE in told(nope)
    wanted = (Exit.FAILED, Status.UNDONE) if waiting else (Exit.REFUSED, Status.REFUSED)
    assert (code, story.status) == wanted
