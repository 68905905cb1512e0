"""What lasts is said once, and what passes is not."""

from __future__ import annotations

import threading
from collections.abc import Hashable

import pytest
from sternway_steps.cli.quiet import FIRST, THEN, Quiet


class Told:
    """A Quiet whose clock is set by hand; no thread of its own calls it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.lines = 0.0, list[tuple[Hashable, str, float]]()
        monkeypatch.setattr(Quiet, "_wake", lambda self: None)
        self.quiet = Quiet(lambda *line: self.lines.append(line), threading.RLock(), lambda: self.now)

    def at(self, now: float) -> list[tuple[Hashable, str, float]]:
        """Give what is said at a time."""
        self.now, self.lines[:] = now, []
        self.quiet.tell()
        return self.lines


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return Told(monkeypatch)


def test_what_passes_quickly_is_never_said(told: Told) -> None:
    told.quiet.begin("deploy", "at work")
    told.quiet.now("deploy", "reading")
    assert told.at(FIRST - 0.1) == []
    told.quiet.end("deploy")
    assert told.at(FIRST + 1) == []


def test_a_state_is_said_once_and_a_new_one_when_time_has_passed(told: Told) -> None:
    told.quiet.begin("verify", "at work")
    assert told.at(FIRST) == [("verify", "at work", FIRST)]
    assert told.at(FIRST + THEN) == [], "it has said so"
    told.quiet.now("verify", "1 of 2")
    told.quiet.now("verify", "2 of 3")
    assert told.at(FIRST + THEN + 1) == [], "not that soon"
    assert told.at(FIRST + 2 * THEN) == [("verify", "2 of 3", FIRST + 2 * THEN)]


def test_steps_beside_each_other_are_told_each_by_its_own_time(told: Told) -> None:
    told.quiet.begin("a", "one")
    told.now = 2.0
    told.quiet.begin("b", "two")
    assert told.at(FIRST) == [("a", "one", FIRST)]
    assert told.at(FIRST + 2) == [("b", "two", FIRST)]
    told.quiet.now("c", "nobody began it")
    assert told.at(100) == []


def test_a_thread_says_what_is_due_and_none_is_left_behind() -> None:
    said = threading.Event()
    quiet = Quiet(
        lambda *_: said.set(), threading.RLock(), clock=iter([0.0, FIRST * 1.0, *[FIRST + 1.0] * 99]).__next__
    )
    quiet.begin("verify", "at work")
    assert said.wait(30)
    quiet.end("verify")
    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for timer in timers:
        timer.join(30)
    assert not any(timer.is_alive() for timer in timers)
