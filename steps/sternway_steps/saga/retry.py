"""The waits between retries, and retrying."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from ..config.backoff import ROLLBACK_TRIES, Backoff
from ..errors import Transient
from ..exits import Exit
from ..spec import Action

RETRIED: Mapping[Action, tuple[Exit, ...]] = {
    Action.EXECUTE: (Exit.TRANSIENT,),
    Action.ROLLBACK: (Exit.TRANSIENT, Exit.STOPPED),
}
"""The exit codes of a step's process after which it is called again: a rollback that was stopped is to be finished."""
T = TypeVar("T")


def retry_transient(
    work: Callable[[], T], stop: threading.Event, tries: int = ROLLBACK_TRIES, backoff: Backoff = Backoff()
) -> T:
    """Return the result of `work`, called again with a back-off while it raises Transient; raise the last error."""
    for number in range(1, tries):
        try:
            return work()
        except Transient as away:
            if stop.wait(backoff.delay(number, away.retry_after)):
                raise
    return work()
