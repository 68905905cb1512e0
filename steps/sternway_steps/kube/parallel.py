"""Requests in parallel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, CancelledError, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from ..errors import Abandoned

THREADS = 8

T = TypeVar("T")
R = TypeVar("R")


def run_parallel(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Call `work` for all items in parallel, and return the results in the items' order.

    The first error ends it, and so does what interrupts the caller (KeyboardInterrupt): what has not begun is dropped,
    what is under way is waited for, then the error is raised. So nothing is changed any more when control returns.
    Only Abandoned waits for nothing: the client was cut off before it was raised.
    """
    gate = _Gate()

    def one(item: T) -> R:
        with gate:
            return work(item)

    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="sternway-request")
    waits = True
    try:
        futures: list[Future[R]] = [pool.submit(one, item) for item in items]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
        return [future.result() for future in futures]
    except Abandoned:
        waits = False
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        gate.shut(wait=waits)


class _Gate:
    """Lets work begin until it is shut. The pool knows no thread in whose start the caller was interrupted."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open = True
        self._inside = 0

    def __enter__(self) -> None:
        with self._changed:
            if not self._open:
                raise CancelledError
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def shut(self, *, wait: bool) -> None:
        with self._changed:
            self._open = False
            if wait:
                self._changed.wait_for(lambda: not self._inside)
