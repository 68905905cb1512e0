"""Reports the progress of a rollout in few, short lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..objects.ref import Ref
from ..spec import Progress
from .diagnose import Verdict

_LENGTH = 160
_ALIKE = {
    "ImagePullBackOff": "ErrImagePull",
    "CrashLoopBackOff": "Restarting",
    "OOMKilled": "Restarting",
    "PodNotReady": "Unhealthy",
}
"""Reasons that alternate while nothing changes for somebody who watches."""


class ProgressLines:
    """Reports what is waited for first, and how far the whole is; one state is reported once, however it is worded."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress = on_progress
        self._reported: set[tuple[object, ...]] = set()

    def report(self, verdicts: Mapping[Ref, Verdict], waiting: Mapping[Ref, Verdict]) -> None:
        """Report the state if it is new. `done` and `wanted` count pods of workloads, and one for each other object."""
        ref, verdict = next(iter(waiting.items()))
        wanted = sum(v.wanted or 1 for v in verdicts.values())
        done = sum((v.done or 0) if v.wanted else v.state == "ready" for v in verdicts.values())
        # Words about a cause hold names of pods, times and counts; without a cause they are all that there is.
        reason = verdict.cause.reason if verdict.cause else ""
        what = _ALIKE.get(reason, reason) or verdict.message
        key = (ref, done, wanted, what)
        if key in self._reported:
            return
        self._reported.add(key)
        more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
        self._on_progress(Progress(f"{ref}: {_short(verdict.message)}{more}", done, wanted, passing=True))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LENGTH else line[: _LENGTH - 1] + "…"
