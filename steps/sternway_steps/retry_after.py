"""How long the other side asks to wait: read from a Retry-After, and never longer than is sensible."""

from __future__ import annotations

import math

MOST = 300.0
"""Seconds: who asks for more is asked again all the same; a run must not stand still for a day at a server's word."""


def seconds_to_wait(asked: object) -> float | None:
    """Return the seconds of a Retry-After, at most MOST; None when it names none (a date, say)."""
    if isinstance(asked, bool) or not isinstance(asked, str | int | float):
        return None
    try:
        seconds = float(asked)
    except (ValueError, OverflowError):
        return None
    return min(seconds, MOST) if math.isfinite(seconds) and seconds >= 0 else None
