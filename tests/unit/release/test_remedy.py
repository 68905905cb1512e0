"""The next command after an undo that failed: one that helps when it is copied."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.builtin.deploy.rollback import not_put_back
from sternway_steps.config import StepConfig
from sternway_steps.errors import RollbackFailed
from sternway_steps.objects.ref import Ref
from sternway_steps.release.remedy import BY_HAND, CONFLICT, RECREATE, finish
from sternway_steps.saga.events import Event
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.step import Item

from tests.helpers import config_of, deployment, said

UNHEALTHY = RollbackFailed("it is not healthy")


def left(*needs: str, unhealthy: RollbackFailed | None = None) -> RollbackFailed:
    results = {CONFLICT: "conflict"}
    items = [Item(f"configmap/{n}", results.get(n, "failed"), needs=n if n != CONFLICT else "") for n in needs]
    return not_put_back(items, 3, unhealthy)


@pytest.mark.parametrize(
    ("failures", "command"),
    [
        ([], "sternway rollback r"),
        ([{}], "sternway rollback r"),
        ([left("")], "sternway rollback r"),
        ([left(CONFLICT, BY_HAND)], "sternway rollback r --on-conflict merge"),
        ([left(RECREATE, "")], "sternway rollback r --recreate"),
        ([left(RECREATE), left(CONFLICT)], "sternway rollback r --recreate --on-conflict merge"),
        ([left(BY_HAND, unhealthy=UNHEALTHY)], "sternway rollback r"),
        ([left(BY_HAND), ValueError("of another step")], "sternway rollback r"),
    ],
)
def test_the_command_is_given_what_it_needs(failures: list[Any], command: str) -> None:
    found = finish("r", failures)
    assert (found.words, found.command) == ("to finish the undo", command)
    assert str(found).startswith(f"to finish the undo: {command}")


def test_programs_are_told_too() -> None:
    found = left(CONFLICT, BY_HAND)
    assert found.remedy is not None
    assert "--on-conflict force puts back" in found.remedy
    assert found.details["needs"] == ["--on-conflict", "by hand"]
    assert left(BY_HAND).remedy is None


def test_what_no_command_puts_back_is_said() -> None:
    words = "what is left has no way back; go on from it with a new run, or mend it by hand and then"
    assert str(finish("r", [left(BY_HAND, BY_HAND)])) == f"{words}: sternway rollback r"


def test_what_others_set_is_not_called_as_before(sternway_sandbox: Sandbox) -> None:
    steps = (StepConfig("deploy", "deploy"), StepConfig("verify", "verify"))
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        session.run(config_of("default", deployment("web", "localhost/app:1"), steps=steps))
        run = session.run(config_of("default", deployment("web", "localhost/app:2"), steps=steps)).run
        live = session.client.get(Ref("apps/v1", "Deployment", "default", "web"))
        assert live is not None
        live["spec"]["template"]["spec"]["containers"][0]["image"] = "localhost/app:3"
        session.client.replace(live, manager="kubectl-set")
        told: list[Event] = []
        assert session.rollback(run, told.append, on_conflict="merge").exit_code == 0
    assert "1 restored object is healthy, and as before but for what others set" in said(told)
