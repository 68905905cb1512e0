"""Waits for a call that somebody else may drag out, and not longer than it is given."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar, cast

Found = TypeVar("Found")


def within(seconds: float, call: Callable[[], Found]) -> Found:
    """Return what a call returns; its errors are raised.

    A socket's timeout counts from one piece to the next, so who sends a byte now and then is never late. What does not
    end is left alone, in a thread that keeps no process alive.

    Raises: TimeoutError when it has not ended after so many seconds.
    """
    ended: list[tuple[Found | None, BaseException | None]] = []

    def work() -> None:
        try:
            ended.append((call(), None))
        except BaseException as error:  # noqa: BLE001  it is raised where somebody waits
            ended.append((None, error))

    thread = threading.Thread(target=work, name="within", daemon=True)
    thread.start()
    thread.join(seconds)
    if not ended:
        raise TimeoutError
    found, error = ended.pop()
    try:
        if error is not None:
            raise error
    finally:
        error = None  # it holds this frame: what it holds else, a connection say, would be closed some day
    return cast("Found", found)
