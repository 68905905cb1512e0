"""The waits between retries."""

from __future__ import annotations

from dataclasses import dataclass

from ..retry_after import seconds_to_wait

ROLLBACK_TRIES = 5


@dataclass(frozen=True)
class Backoff:
    """Seconds between retries: `first`, then doubled each time, never over `most`."""

    first: float = 1.0
    most: float = 30.0

    def delay(self, tries: int, retry_after: float | None = None) -> float:
        """Return the wait after `tries` failed tries (1 or more), at least what the other side sensibly asked for."""
        return max(seconds_to_wait(retry_after) or 0.0, min(self.most, self.first * 2.0 ** (tries - 1)))
