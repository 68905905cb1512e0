"""Reports the progress of a rollout in few, short lines."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

from ..objects.ref import Ref
from ..spec import Part, Progress
from .diagnose import Verdict

_LENGTH = 160
_PARTS = 10
_ALIKE = {
    "ImagePullBackOff": "ErrImagePull",
    "CrashLoopBackOff": "Restarting",
    "OOMKilled": "Restarting",
    "PodNotReady": "Unhealthy",
}
"""Reasons that alternate while nothing changes for somebody who watches."""


class ProgressLines:
    """Reports what is waited for first, and how far the whole is; one state is reported once, however it is worded."""

    def __init__(self, on_progress: Callable[[Progress], None], deadline: float = math.inf) -> None:
        """Take who is told, and the deadline by time.monotonic()."""
        self._on_progress, self._deadline = on_progress, deadline
        self._reported: set[tuple[object, ...]] = set()

    def report(self, verdicts: Mapping[Ref, Verdict], waiting: Mapping[Ref, Verdict]) -> None:
        """Report the state if it is new. `done` and `wanted` count pods of workloads, and one for each other object."""
        ref, verdict = next(iter(waiting.items()))
        wanted = sum(v.wanted or 1 for v in verdicts.values())
        done = sum((v.done or 0) if v.wanted else v.state == "ready" for v in verdicts.values())
        # Words about a cause hold names of pods, times and counts; without a cause they are all that there is.
        reason = verdict.cause.reason if verdict.cause else ""
        what = _ALIKE.get(reason, reason) or verdict.message
        parts = tuple(_part(*each) for each in list(waiting.items())[:_PARTS])
        key = (ref, done, wanted, what, tuple((part.what, part.done) for part in parts))
        if key in self._reported:
            return
        self._reported.add(key)
        left = self._deadline - time.monotonic() if math.isfinite(self._deadline) else None
        more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
        self._on_progress(
            Progress(f"{ref}: {_short(verdict.message)}{more}", done, wanted, passing=True, parts=parts, left=left)
        )


def _part(ref: Ref, verdict: Verdict) -> Part:
    return Part(str(ref), verdict.done or 0, verdict.wanted or 1, _short(verdict.message))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LENGTH else line[: _LENGTH - 1] + "…"
