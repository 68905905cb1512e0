"""What interrupts the program while its work begins: it is waited for if it has begun, and does not begin after that."""

from __future__ import annotations

import threading

import pytest
from sternway_steps.saga.interrupts import interruptible


@pytest.mark.parametrize("begins", [True, False], ids=["it has begun", "it has not"])
def test_an_interrupt_while_the_thread_is_started(monkeypatch: pytest.MonkeyPatch, begins: bool) -> None:
    stop, began, ended = threading.Event(), threading.Event(), threading.Event()
    start, threads = threading.Thread.start, list[threading.Thread]()

    def started(thread: threading.Thread) -> None:
        threads.append(thread)
        if begins:
            start(thread)
            assert began.wait(10)
        raise KeyboardInterrupt

    def work() -> None:
        began.set()
        assert stop.wait(10)
        ended.set()

    monkeypatch.setattr(threading.Thread, "start", started)
    with pytest.raises(KeyboardInterrupt):
        interruptible(work, stop)
    assert stop.is_set()
    assert ended.is_set() is begins
    if not begins:  # it comes to run only now
        start(threads[0])
        threads[0].join(10)
        assert not began.is_set()
