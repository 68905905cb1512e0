"""How long is waited before what may pass is tried again."""

from __future__ import annotations

from dataclasses import dataclass

ROLLBACK_TRIES = 5


@dataclass(frozen=True)
class Backoff:
    """Seconds to wait before a step is tried again: first, twice that, and so on, never over `most`."""

    first: float = 1.0
    most: float = 30.0

    def delay(self, tries: int, asked: float | None = None) -> float:
        """Return the wait after `tries` failed tries (1 or more); what the other side asked for is the least."""
        return max(asked or 0.0, min(self.most, self.first * 2.0 ** (tries - 1)))
