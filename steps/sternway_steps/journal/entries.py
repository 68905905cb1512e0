"""The types of the journal: entries in records, one record for a run and one for each attempt of a step."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from ..spec import Action

SCHEMA = 1
"""Version of the journal's schema; a reader refuses a higher one."""


class Kind(StrEnum):
    """What an entry tells."""

    RUN_STARTED = "run-started"
    RUN_ENDED = "run-ended"
    STEP_BEGAN = "step-began"
    INTENT = "intent"
    EVIDENCE = "evidence"
    STEP_ENDED = "step-ended"


@dataclass(frozen=True)
class Entry:
    """One fact. `time` is RFC 3339 in UTC, `data` JSON."""

    kind: Kind
    data: Mapping[str, Any] = field(default_factory=dict)
    time: str = ""
    schema: int = SCHEMA
    chain: str = ""
    """The digest of this entry and of all before it in its record; "" where an older version wrote none."""

    @staticmethod
    def now(kind: Kind, data: Mapping[str, Any] | None = None) -> Entry:
        """Make an entry of this moment."""
        return Entry(kind, data or {}, datetime.now(UTC).isoformat(timespec="milliseconds"))


@dataclass(frozen=True, order=True)
class Key:
    """Whose record it is: a run's own (step ""), or that of one attempt (1 first) of one action of a step."""

    run: str
    step: str = ""
    action: str = ""
    attempt: int = 0

    def __str__(self) -> str:
        return f"{self.step}.{self.action}.{self.attempt}" if self.step else "run"

    @staticmethod
    def parse(run: str, text: str) -> Key:
        """Read what str() wrote; raises ValueError."""
        if text == "run":
            return Key(run)
        step, action, attempt = text.rsplit(".", 2)
        return Key(run, step, Action(action).value, int(attempt))


@dataclass(frozen=True)
class Record:
    """A key's entries, in the order in which they were written."""

    key: Key
    entries: tuple[Entry, ...]
    place: str = ""
    """Where it was read: a namespace, or a folder."""
    damage: str = ""
    """Why it is not what a run wrote; it has no entries then."""
    chained: bool = False
    """Each entry has its digest, and it holds."""
    clear: bool = False
    """There is a key to its journal, and an entry of it is not encrypted."""
    locked: bool = False
    """It is damaged in so far as no key at hand opens it."""
    told: tuple[Entry, ...] = ()
    """What an encrypted record that can't be read tells in the clear; nobody vouches for it."""

    def first(self, kind: Kind) -> Entry | None:
        """Return the first entry of a kind, if there is one."""
        return next((entry for entry in self.entries if entry.kind is kind), None)


def new_run_id(now: datetime | None = None) -> str:
    """Return a new run id: it sorts by time, is a valid label value and name, and can be typed."""
    return f"{(now or datetime.now(UTC)):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
