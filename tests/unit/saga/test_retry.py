"""How long is waited before what may pass is tried again: what the other side asks for is the least."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sternway_steps.errors import Transient
from sternway_steps.kube.api_error import ApiError
from sternway_steps.saga.retry import retry_transient

from tests.unit.saga.test_orchestrator import Made, raises, walk


class Waits(threading.Event):
    """Nobody stops; how long is waited is written down, and no time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout)
        return False


def test_what_is_asked_for_is_the_least_and_the_back_off_grows() -> None:
    waits, asked = Waits(), [7.0, None, 0.5]

    def work() -> str:
        if asked:
            raise Transient("away", retry_after=asked.pop(0))
        return "done"

    assert retry_transient(work, waits) == "done"
    assert waits.seconds == [7.0, 2.0, 4.0]


def test_the_last_error_is_raised_and_who_stops_is_not_kept_waiting() -> None:
    waits, stopped = Waits(), threading.Event()
    tries: list[int] = []

    def work() -> None:
        tries.append(len(tries))
        raise Transient(f"try {len(tries)}")

    with pytest.raises(Transient, match="try 3"):
        retry_transient(work, waits, tries=3)
    stopped.set()
    with pytest.raises(Transient, match="try 4"):
        retry_transient(work, stopped)


@pytest.mark.parametrize("error", [
    Transient("away", retry_after=7), ApiError("GET", "/", 503, "ServiceUnavailable", "away", retry_after=7),
], ids=lambda error: type(error).__name__)  # fmt: skip
def test_a_step_is_tried_again_when_the_server_asked_for_it(tmp_path: Path, error: Exception) -> None:
    waits = Waits()
    assert walk(tmp_path, Made("a", [], raises(error, times=1)), stop=waits).exit_code == 0
    assert waits.seconds == [7.0]
