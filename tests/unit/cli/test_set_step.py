"""What the end of a step in a set means to the containers beside and after it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sternway_steps.cli.container_set import SetContainer
from sternway_steps.cli.set_step import SetOptions, SetStep
from sternway_steps.cli.signals import stop_on_signals
from sternway_steps.errors import Failed, Refused
from sternway_steps.exits import Exit
from sternway_steps.session import Session
from sternway_steps.spec import Action


def raises(error: Exception) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


def one(folder: Path | None, action: Action, stop: threading.Event, shown: list[Exception], **options: object) -> SetStep:  # fmt: skip
    container = SetContainer(folder) if folder is not None else None
    return SetStep(container, action, SetOptions(**options), stop, shown.append)  # type: ignore[arg-type]


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def test_outside_of_a_set_nothing_changes(stop: threading.Event) -> None:
    for action in Action:
        assert one(None, action, stop, []).end(lambda: 5) == 5
        with pytest.raises(Refused):
            one(None, action, stop, []).end(raises(Refused("no")))


def test_a_rollback_that_failed_lets_the_next_one_begin(tmp_path: Path, stop: threading.Event) -> None:
    shown: list[Exception] = []
    assert one(tmp_path, Action.ROLLBACK, stop, shown).end(lambda: int(Exit.ROLLBACK_FAILED)) == Exit.DONE
    assert one(tmp_path, Action.ROLLBACK, stop, shown).end(raises(error := Failed("away"))) == Exit.DONE
    assert shown == [error]
    with pytest.raises(ValueError, match="a bug"):
        one(tmp_path, Action.ROLLBACK, stop, shown).end(raises(ValueError("a bug")))


def test_one_that_was_told_to_stop_keeps_its_code(tmp_path: Path, stop: threading.Event) -> None:
    stop.set()
    assert one(tmp_path, Action.ROLLBACK, stop, []).end(lambda: int(Exit.STOPPED)) == Exit.STOPPED
    with pytest.raises(Failed):
        one(tmp_path, Action.ROLLBACK, stop, []).end(raises(Failed("away")))


def test_a_rollback_is_stopped_when_its_time_is_over_and_the_next_one_begins(tmp_path: Path) -> None:
    with Session(namespace="none") as session, stop_on_signals(session, lambda _: None, one_step=True):

        def work() -> int:
            assert session.stop.wait(60)
            return int(Exit.STOPPED)

        began = time.monotonic()
        step = SetStep(SetContainer(tmp_path), Action.ROLLBACK, SetOptions(within=0.2), session.stop, lambda _: None)
        assert step.end(work) == Exit.DONE
        assert time.monotonic() - began < 30


@pytest.mark.parametrize("work", [lambda: int(Exit.FAILED), raises(Refused("no"))])
def test_an_execution_that_failed_waits_for_those_beside_it(tmp_path: Path, stop: threading.Event, work: Callable[[], int]) -> None:  # fmt: skip
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    step = one(tmp_path / "a", Action.EXECUTE, stop, [], beside=["b"])
    over = threading.Event()

    def end() -> None:
        try:
            step.end(work)
        except Refused:
            pass
        finally:
            over.set()

    threading.Thread(target=end).start()
    assert not over.wait(0.4)
    (tmp_path / "b/exitcode").write_text("0")
    assert over.wait(5)


def test_one_that_is_done_waits_for_nobody(tmp_path: Path, stop: threading.Event) -> None:
    assert one(tmp_path, Action.EXECUTE, stop, [], beside=["b"]).end(lambda: 0) == 0
