"""Requests in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TypeVar

THREADS = 8

T = TypeVar("T")
R = TypeVar("R")


def run_parallel(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Call `work` for all items in parallel, and return the results in the items' order.

    The first error ends it: what has not begun is dropped, what is under way is waited for, then the error is raised.
    Only when the caller itself is interrupted (a BaseException that is no Exception) nothing is waited for.
    """
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="sternway-request")
    waits = True
    try:
        futures: list[Future[R]] = [pool.submit(work, item) for item in items]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
        return [future.result() for future in futures]
    except Exception:
        raise
    except BaseException:
        waits = False
        raise
    finally:
        pool.shutdown(wait=waits, cancel_futures=True)
