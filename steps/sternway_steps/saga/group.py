"""Runs the steps of a group in parallel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from ..errors import Abandoned
from .plan import PlannedStep

_SEALING = 2.0
"""Seconds that the steps of a group get to seal their attempts when the run is left."""


def run_parallel(
    group: Sequence[PlannedStep],
    work: Callable[[PlannedStep], Exception | None],
    stop: threading.Event | None = None,
) -> list[tuple[PlannedStep, Exception]]:
    """Do one thing with every step of a group at once, each to its end whatever becomes of the others.

    Gives those that failed with their errors, in the order of the config.

    What else interrupts the thread that waits (KeyboardInterrupt, where nobody made a signal of it) sets `stop`, and is
    raised when the steps have ended: nothing changes any more after control has returned.

    Raises: Abandoned, when it reaches the thread that waits; the others get a moment to seal their attempts.
    """
    if len(group) == 1:
        errors = [work(group[0])]
    else:
        pool = ThreadPoolExecutor(len(group), thread_name_prefix="sternway-step")
        futures = [pool.submit(work, planned) for planned in group]
        try:
            wait(futures)
        except Abandoned:  # raised here alone; the steps meet the client that was cut off, and seal themselves
            wait(futures, _SEALING)
            raise
        except BaseException:
            if stop is not None:
                stop.set()
            wait(futures)
            raise
        finally:
            pool.shutdown(wait=False)
        errors = [future.result() for future in futures]
    return [(planned, error) for planned, error in zip(group, errors, strict=True) if error is not None]
