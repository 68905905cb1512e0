"""Reads a child's pipes as they fill, and notices its end, in one thread."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Callable, Mapping
from typing import IO

from .child import Child, has_ended

_PIECE = 65_536
_DRAIN = 1.0
"""Seconds for what is left in the pipes of a child that ended; who took them along is not waited for."""
_BLIND = 0.02
"""Seconds between two looks at a child whose end wakes nobody."""


class Reading:
    """A child's output, given on in pieces."""

    def __init__(self, child: Child, takes: Mapping[IO[bytes], Callable[[bytes], None]]) -> None:
        self._child, self._pipes = child, list(takes)
        self._selector = selectors.DefaultSelector()
        self._descriptor = _descriptor(child.pid)
        if self._descriptor is not None:
            self._selector.register(self._descriptor, selectors.EVENT_READ)
        for pipe, take in takes.items():
            self._selector.register(pipe, selectors.EVENT_READ, take)
        self._open = len(takes)

    def on(self, seconds: float) -> bool:
        """Read what arrives within some seconds, or less; return whether the child has ended."""
        if self._descriptor is None and not self._open:
            seconds = min(seconds, _BLIND)
        self._read(seconds)
        return has_ended(self._child)

    def until_end(self, seconds: float) -> None:
        """Read until the child has ended, so long at most: one that can't write can't end."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self.on(left):
            pass

    def close(self, *, to_end: bool) -> None:
        """Read what is in the pipes, or to their end, which proves that all who hold them are gone; and close them."""
        if self._descriptor is not None:
            self._selector.unregister(self._descriptor)
            os.close(self._descriptor)
        end = time.monotonic() + _DRAIN
        while self._open and (left := end - time.monotonic()) > 0 and self._read(left if to_end else 0):
            pass
        self._selector.close()
        for pipe in self._pipes:
            pipe.close()

    def _read(self, seconds: float) -> bool:
        """Pass on what has arrived, one piece of each pipe; return whether there was any."""
        ready = [key for key, _ in self._selector.select(seconds) if key.data is not None]
        for key in ready:
            piece = os.read(key.fd, _PIECE)
            if piece:
                key.data(piece)
            else:
                self._selector.unregister(key.fileobj)
                self._open -= 1
        return bool(ready)


def _descriptor(pid: int) -> int | None:
    """Return what becomes readable when a process ends (pidfd_open(2)); None where there is no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
