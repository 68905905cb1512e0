"""A step that does not look at its deadline is named while it is at work."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sternway_steps.saga.overdue import overdue
from sternway_steps.saga.plan import PlannedStep
from sternway_steps.spec import Action, StepSpec

A = PlannedStep("a", StepSpec("a"))


class Told:
    """A context whose clock the test moves."""

    def __init__(self, deadline: float | None) -> None:
        self.deadline, self.now = deadline, 100.0
        self.said: list[str] = []
        self.heard = threading.Event()

    def clock(self) -> float:
        return self.now

    def say(self, text: str) -> None:
        self.said.append(text)
        self.heard.set()


def test_it_is_named_once_it_is_past_its_deadline_and_the_grace() -> None:
    context: Any = Told(100.0)
    with overdue(A, Action.EXECUTE, context, grace=0.01):
        context.now = 117.0
        assert context.heard.wait(10)
    [said] = context.said
    assert said.startswith("warning: execute of step a goes on 17 s after its deadline, which it does not look at: context.check()")  # fmt: skip


@pytest.mark.parametrize("deadline", [None, 1000.0])
def test_nobody_is_named_in_time_and_nothing_is_left_running(deadline: float | None) -> None:
    context: Any = Told(deadline)
    before = threading.active_count()
    with overdue(A, Action.ROLLBACK, context):
        assert threading.active_count() == before + (deadline is not None)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer) and thread.args and thread.args[0] is A:
            thread.join(10)
            assert not thread.is_alive()
    assert context.said == []
