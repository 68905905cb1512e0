"""One thing that was looked at: what was found, why it matters, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Whether a run can go well."""

    GOOD = "good"
    WARNING = "warning"
    """It works, but costs time, or something can't be told."""
    WRONG = "wrong"
    """A run, or its undo, will not work."""


@dataclass(frozen=True)
class Finding:
    """`check` says what was looked at, in a word."""

    check: str
    level: Level
    what: str
    why: str = ""
    remedy: str = ""


def good(check: str, what: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(check, Level.GOOD, what)


def warning(check: str, what: str, why: str, remedy: str) -> Finding:
    """Return what a run survives."""
    return Finding(check, Level.WARNING, what, why, remedy)


def wrong(check: str, what: str, why: str, remedy: str) -> Finding:
    """Return what a run will not survive."""
    return Finding(check, Level.WRONG, what, why, remedy)
