"""The lock of a target: one run at a time, who holds it, and whether that process is alive."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ...errors import Transient
from ...kube.fence import Fence
from ...spec import Action
from .holder import Holder
from .waiting import Tell, said_of


class Lock(Protocol):
    """The lock of one target."""

    fence: Fence
    """Is open while the target is held, for the clients whose changes have to stop with it."""

    @property
    def lost(self) -> threading.Event:
        """Set when the lock could not be kept: somebody else may be at work, so no further change is made."""

    @property
    def name(self) -> str:
        """What it is called beside the records: of a Lease, or of a file."""

    def part(self, name: str) -> Lock:
        """Return the lock for a part of a run that others of the same run may work beside, on the same fence."""

    def acquire(self, run: str, stop: threading.Event, step: Action | None = None, tell: Tell = lambda _: None) -> None:
        """Take the lock; raises Transient when a living process holds it, Stopped never.

        `step`: what is done, where that is one action of one step. An undo has an execution of its own run that goes on
        though it was told to stop give the target up: it changes nothing any more, and the lock is free when its lease
        ends. `tell` is told who is waited for, and when that is over.
        """

    def release(self) -> None:
        """Release it; no error when it is not held."""

    def holder(self) -> Holder | None:
        """Return a living process that holds it, or None."""


@contextmanager
def held(
    lock: Lock, run: str, stop: threading.Event, step: Action | None = None, tell: Tell = lambda _: None
) -> Iterator[None]:
    """Hold a lock while the context lasts; raise as `acquire` does."""
    lock.acquire(run, stop, step, tell)
    try:
        yield
    finally:
        lock.release()


def at_work(holder: Holder | None, since: str, doing: str) -> Transient:
    """Return who holds a target, where, since when, and what it does at the moment."""
    return Transient(
        f"another run of this target is at work: {said_of(holder, since, doing)}",
        remedy="try again when it has ended, or wait for it: --wait-lock 5m",
    )
