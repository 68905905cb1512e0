"""Which lines of pods' logs were written already: one that came by itself does not stand below a failure again."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from ..plain_text import plain
from ..process.output import cut

_KEPT = 100
"""Lines of a pod that are remembered; a failure tells the last 20."""


class ToldLogs:
    """Remembers both kinds of lines. What follows a log and what reads its end are two, so either may be the first."""

    def __init__(self) -> None:
        self._came: dict[str, deque[str]] = {}
        self._below: dict[str, Counter[str]] = {}

    def came(self, pod: str, line: str) -> bool:
        """Take a line that came by itself; return whether it is to be written."""
        below = self._below.get(pod)
        if below is not None and below[line] > 0:
            below[line] -= 1
            return False
        self._came.setdefault(pod, deque(maxlen=_KEPT)).append(line)
        return True

    def below(self, pod: str, lines: Sequence[str]) -> list[str]:
        """Take the lines of a failure; return those that are to be written below it, cut as the others are."""
        came = Counter(self._came.get(pod, ()))
        new: list[str] = []
        for line in map(_as_it_came, lines):
            if came[line] > 0:
                came[line] -= 1
            else:
                new.append(line)
        self._below.setdefault(pod, Counter()).update(new)
        return new


def _as_it_came(line: str) -> str:
    """Return a line of a log that was read whole as one that is followed is told."""
    return cut(plain(line))
