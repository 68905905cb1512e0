"""An execution that is tried again in its own process."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sternway_steps.config.backoff import Backoff
from sternway_steps.errors import Failed, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.saga.events import Event, Listener, StepEnded, StepProgress
from sternway_steps.saga.repeated import Patience, repeated
from sternway_steps.saga.result import Result
from sternway_steps.spec import Action

AWAY = Transient("away")


def played(ends: list[Any], retries: int, stop: threading.Event | None = None) -> tuple[Result, list[Event]]:
    """Return the result, and what was told, of attempts that end like this; an exception class is raised."""
    left, told = list(ends), list[Event]()

    def execute(tell: Listener) -> Result:
        end = left.pop(0)
        if isinstance(end, tuple):  # before the step was called
            raise end[0]
        tell(StepEnded("deploy", Action.EXECUTE, str(end), 0.0, (), end))
        return Result("r", Status.OPEN, Exit.DONE if end is None else Exit.TRANSIENT, end)

    patience = Patience(retries, Backoff(0.01, 0.02))
    return repeated(execute, "deploy", patience, stop or threading.Event(), told.append), told


def waits(told: list[Event]) -> list[float | None]:
    return [event.retry_in for event in told if isinstance(event, StepEnded)]


def test_what_may_pass_is_tried_again_and_each_end_says_when() -> None:
    result, told = played([AWAY, AWAY, None], 2)
    assert (result.exit_code, waits(told)) == (Exit.DONE, [0.01, 0.02, None])


def test_as_often_as_was_said_and_the_last_one_stands() -> None:
    result, told = played([AWAY, AWAY, None], 1)
    assert (result.error, waits(told)) == (AWAY, [0.01, None])
    assert played([AWAY], 0)[0].error is AWAY, "its caller tries again"


def test_what_will_not_pass_ends_at_once() -> None:
    failed = Failed("bad")
    result, told = played([failed], 5)
    assert (result.error, waits(told)) == (failed, [None])


def test_what_comes_before_the_step_is_tried_again_and_said() -> None:
    result, told = played([(AWAY,), None], 2)
    assert result.exit_code == Exit.DONE
    assert isinstance(told[0], StepProgress)
    assert "away; trying again" in told[0].progress.message
    with pytest.raises(Transient):
        played([(AWAY,), (AWAY,)], 1)


def test_a_stop_is_not_waited_out() -> None:
    stop = threading.Event()
    stop.set()
    assert waits(played([AWAY, None], 3, stop)[1]) == [None]
    with pytest.raises(Transient):
        played([(AWAY,), None], 3, stop)
