"""Times of the journal, for people. A time that can't be read is "", for the journal is foreign data."""

from __future__ import annotations

from datetime import UTC, datetime


def clock(text: str) -> str:
    """Return a time to the second, in UTC."""
    found = _read(text)
    return f"{found:%Y-%m-%d %H:%M:%S} UTC" if found is not None else ""


def seconds_of(began: str, ended: str) -> float | None:
    """Return the seconds between two times; None when either can't be read."""
    first, last = _read(began), _read(ended)
    return (last - first).total_seconds() if first is not None and last is not None else None


def span(began: str, ended: str) -> str:
    """Return how long something took: 0.4 s, 12 s, 3 min 05 s."""
    seconds = seconds_of(began, ended)
    if seconds is None or seconds < 0:  # the clocks of two nodes may differ
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def offset(began: str, at: str) -> str:
    """Return how long after the begin something was."""
    passed = span(began, at)
    return f"+{passed}" if passed else ""


def _read(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
