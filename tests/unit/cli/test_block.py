"""What a terminal shows of a run at work, by a clock that is set by hand."""

from __future__ import annotations

import pytest
from sternway_steps.cli.block import Block
from sternway_steps.errors import Failed
from sternway_steps.saga.events import RunEnded, RunStarted, StepEnded, StepProgress, StepStarted
from sternway_steps.spec import Action, Part, Progress

STEPS = ("validate", "deploy", "verify")
EXECUTE, ROLLBACK = Action.EXECUTE, Action.ROLLBACK


class Shown:
    def __init__(self) -> None:
        self.now = 0.0
        self.block = Block(lambda: self.now)
        self.block.event(RunStarted("r1", "shop.web", STEPS, "Secrets in namespace shop"))

    def at(self, now: float, width: int = 80) -> list[str]:
        self.now = now
        return self.block.lines(width)


@pytest.fixture
def shown() -> Shown:
    return Shown()


def test_nothing_is_shown_where_nothing_is_at_work(shown: Shown) -> None:
    assert shown.at(5) == []
    assert not shown.block.at_work
    shown.block.event(StepStarted("validate", EXECUTE, 1))
    assert shown.block.at_work
    shown.block.event(RunEnded("r1", "succeeded", 0, 1.0))
    assert shown.at(5) == []


def test_steps_counts_elapsed_and_remaining_time_and_what_is_waited_for(shown: Shown) -> None:
    shown.block.event(StepEnded("validate", EXECUTE, "", 0.1))
    shown.block.event(StepEnded("deploy", EXECUTE, "", 0.1))
    shown.now = 10.0
    shown.block.event(StepStarted("verify", EXECUTE, 1))
    parts = (
        Part("deployment.apps/web in shop", 1, 2, "1 of 2 pods updated"),
        Part("job.batch/m in shop", 0, 1, "running"),
    )
    shown.now = 20.0
    shown.block.event(StepProgress("verify", EXECUTE, Progress("web", 2, 4, passing=True, parts=parts, left=90.0)))
    assert shown.at(75) == [
        "run r1 of shop.web: 1 min 15 s",
        "[+] validate  [+] deploy  [>] verify",
        "verify: 1 min 05 s, gives up in 35 s  ##########.......... 2/4",
        "  1/2 deployment.apps/web in shop: 1 of 2 pods updated",
        "  0/1 job.batch/m in shop: running",
    ]


def test_the_way_back_is_told_apart(shown: Shown) -> None:
    shown.block.event(StepEnded("deploy", EXECUTE, "", 0.1))
    shown.block.event(StepEnded("verify", EXECUTE, "", 0.1, error=Failed("no")))
    shown.block.event(StepStarted("deploy", ROLLBACK, 1))
    shown.block.event(StepProgress("deploy", ROLLBACK, Progress("looks\nat it")))
    assert shown.at(1)[1:] == ["[ ] validate  [>] deploy  [x] verify", "rollback deploy: 1 s", "  looks"]
    shown.block.event(StepEnded("deploy", ROLLBACK, "", 0.1))
    shown.block.event(StepStarted("validate", EXECUTE, 1))
    assert shown.at(1)[1] == "[>] validate  [<] deploy  [x] verify"


def test_no_line_is_too_wide_and_what_others_write_drives_no_terminal(shown: Shown) -> None:
    shown.block.event(StepStarted("verify", EXECUTE, 1))
    parts = tuple(Part(f"deployment.apps/{n:03}", 0, 1, "\x1b[2Jnot ready " * 20) for n in range(9))
    shown.block.event(StepProgress("verify", EXECUTE, Progress("", 0, 9, parts=parts)))
    lines = shown.at(1, width=40)
    assert max(map(len, lines)) == 40
    assert "\x1b" not in "".join(lines)
    assert lines[-1] == "  and 3 more"
    assert "".join(lines).isascii()


def test_steps_side_by_side_have_a_line_each(shown: Shown) -> None:
    for name in ("deploy", "verify"):
        shown.block.event(StepStarted(name, EXECUTE, 1))
    assert [line for line in shown.at(2) if line.endswith(": 2 s")] == ["run r1 of shop.web: 2 s", "deploy: 2 s", "verify: 2 s"]  # fmt: skip
