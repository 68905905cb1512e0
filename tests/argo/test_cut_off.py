"""A handler that is cut off where Argo retries nothing any more: its second round undoes what the first did not."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.step import Action

from tests.argo.conftest import OnArgo, left, works
from tests.helpers import until
from tests.scenarios.saga import files

pytestmark = [pytest.mark.argo, pytest.mark.timeout(900)]

KILL = "import os, signal; [os.kill(int(p), signal.SIGKILL) for p in os.listdir('/proc') if p.isdigit() and int(p) > 1 and int(p) != os.getpid()]"


def first_of_the_handler(runner: OnArgo) -> dict[str, Any]:
    mine = f"workflows.argoproj.io/workflow={runner.name},workflows.argoproj.io/on-exit=true"
    return until(lambda: runner.client.list("v1", "Pod", runner.namespace, labels=mine).items, 180, "the handler")[0]


@pytest.mark.parametrize("how", ["stop", "deadline"])
def test_a_handler_that_is_cut_off_after_the_end_of_all_retries_goes_back_once_more(good: OnArgo, how: str) -> None:
    before = left(good)
    change = {"env": {"APP_MODE": "unready"}, "verify": {"deadline": "5m"}}
    good.start(files(good.namespace, 2, {**change, **({"deadline": "75s"} if how == "deadline" else {})}))
    works(good, "verify")
    if how == "stop":
        good.act("stop")
    pod = first_of_the_handler(good)
    good.client.delete(Ref.of(pod), uid=pod["metadata"]["uid"], propagation="Background")
    assert good.ended() == Exit.STOPPED
    story = good.story()
    assert story is not None
    assert (story.status, left(good)) == (Status.UNDONE, before), story.error
    if how == "deadline":
        assert "deadline" in (story.error or ""), story.error


def test_a_rollback_that_is_killed_again_and_again_is_tried_twice(good: OnArgo) -> None:
    """As one is that takes more memory than it may: what is undone after it is undone all the same."""
    before = left(good)
    migrate = {"name": "migrate", "image": "localhost/busybox:1", "runner": "kubernetes",
               "execute": ["sh", "-c", "echo up"], "rollback": ["sh", "-c", "sleep 60; echo down"]}  # fmt: skip
    change = {"steps": ["validate", "deploy", migrate, "verify"], "env": {"APP_MODE": "crash"}}
    good.start(files(good.namespace, 2, change))
    shared = good.argo["pods"] == "one"  # only the first round of it
    killed: list[str] = []

    def at_work() -> str:
        story, mine = good.story(), f"workflows.argoproj.io/workflow={good.name},workflows.argoproj.io/on-exit=true"
        pods = good.client.list("v1", "Pod", good.namespace, labels=mine).items if story is not None else []
        tries = [a for a in story.attempts if (a.step, a.action) == ("migrate", Action.ROLLBACK)] if story else []
        alive = [p["metadata"]["name"] for p in pods if p["status"]["phase"] == "Running"]
        fresh = [name for name in alive if name not in killed and ("migrate" in name or (shared and not killed))]
        return fresh[0] if fresh and len(tries) > len(killed) and not tries[-1].ended else ""

    for container in ("rollback-migrate" if shared else "main", "main"):
        killed.append(until(at_work, 240, "its rollback works"))
        good.kubectl("-n", good.namespace, "exec", killed[-1], "-c", container, "--", "python3", "-c", KILL)
    assert good.ended() == Exit.ROLLBACK_FAILED
    story = good.story()
    assert story is not None
    assert len([a for a in story.attempts if (a.step, a.action) == ("migrate", Action.ROLLBACK)]) == 2
    assert "migrate: its rollback was killed (exit code 137)" in "; ".join(story.rollback_errors)
    others = {a.step for a in story.attempts if a.action is Action.ROLLBACK and a.result == "done"}
    assert "deploy" in others, "the rest is undone"
    assert len(story.rollback_errors) == 1
    assert left(good) == before
