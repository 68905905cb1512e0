"""Requests in parallel: none is under way any more when control has returned."""

from __future__ import annotations

import signal
import threading
import time

import pytest
from sternway_steps.errors import Abandoned
from sternway_steps.kube.parallel import THREADS, run_parallel

MANY = range(4 * THREADS)


class Died(BaseException):
    """No Exception: nothing catches it by mistake."""


def test_results_are_in_the_order_of_the_items() -> None:
    assert run_parallel(lambda n: n * n, MANY) == [n * n for n in MANY]


@pytest.mark.parametrize("error", [ValueError("one"), Died()])
def test_the_first_error_waits_for_what_is_under_way_and_begins_nothing_more(error: BaseException) -> None:
    raised, begun, ended = threading.Event(), [], []

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raised.set()
            raise error
        raised.wait(10)
        time.sleep(0.1)  # it is under way, and goes on, while the error is on its way to the caller
        ended.append(number)

    with pytest.raises(type(error)):
        run_parallel(work, MANY)
    assert sorted((0, *ended)) == sorted(begun)
    assert len(begun) < len(MANY)


def test_what_interrupts_the_caller_waits_too() -> None:
    main = threading.main_thread().ident
    assert main == threading.get_ident(), "only the main thread is interrupted by signals"
    begun, ended = [], []

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.1)
        ended.append(number)

    with pytest.raises(KeyboardInterrupt):
        run_parallel(work, MANY)
    assert sorted(ended) == sorted(begun)
    assert len(begun) < len(MANY)


def test_only_one_who_is_told_to_leave_waits_for_nothing() -> None:
    left, hangs, both = threading.Event(), threading.Event(), threading.Barrier(2)

    def work(number: int) -> None:
        both.wait(10)
        if number == 0:
            raise Abandoned
        hangs.wait(10)
        left.set()

    with pytest.raises(Abandoned):
        run_parallel(work, range(2))
    assert not left.is_set()
    hangs.set()
    assert left.wait(10)
