"""The interface of a journal's store, whatever it keeps the records in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ...errors import Failed, Transient
from ...kube.fence import Fence
from ..checked import Note
from ..encryption import JournalKeys
from ..entries import Entry, Key, Kind, Record
from ..locks.lock import Lock
from ..name import RunName
from ..replay import Status, replay

HISTORY = 10
"""Finished runs kept for each target, as Helm keeps revisions."""


class JournalConflict(Transient):
    """Somebody else wrote to the same record meanwhile: ours was not stored, and who reads it again can go on."""


class RecordGone(Failed):
    """A record was deleted, or cut, by somebody else while it was written, and with it what its undo needs.

    To try again would take what the step has changed by then for how it was before.
    """


def taken(key: Key) -> JournalConflict:
    """Return the error of a record whose next entry is somebody else's."""
    return JournalConflict(f"record {key} of run {key.run} is being written by another process")


def gone(key: Key) -> RecordGone:
    """Return the error of a record that is not there any more when it is to be gone on with.

    An entry alone, without those before it, could never be read.
    """
    return RecordGone(f"record {key} of run {key.run} was deleted, or cut, by somebody else while it was written")


@dataclass(frozen=True)
class RunInfo:
    """What is known of a run without its records: when it started (RFC 3339, UTC), and how it ended.

    `status` is OPEN for every run that is not known to have ended; only its records tell for sure.
    """

    run: str
    target: str
    started: str
    status: Status
    holds: str = ""
    """The digest of the content that the target holds by this run, "" for none."""


def info_of(head: Record) -> RunInfo:
    """Return what a run's own record tells of it; of a locked one that is what it tells in the clear."""
    if head.told:
        end = head.told[-1].data if head.told[-1].kind is Kind.RUN_ENDED else {}
        target = str(head.told[0].data.get("target", ""))
        said = str(end.get("status"))
        status = Status(said) if said in set(Status) else Status.OPEN
        return RunInfo(head.key.run, target, head.told[0].time, status, str(end.get("holds", "")))
    story = replay([head])
    return RunInfo(story.run, story.target, story.started, story.status, story.holds)


def whole(heads: Iterable[Record], note: Note, *, locked: bool = False) -> list[Record]:
    """Return those of the runs' own records that can be read, or (`locked`) tell something; the others are named."""
    found = [head for head in heads if head.entries or head.damage]
    note_damage(found, note)
    return [head for head in found if not head.damage or (locked and head.told)]


def started(head: Record) -> str:
    """Return when a run started."""
    return (head.told or head.entries)[0].time


def note_damage(records: Iterable[Record], note: Note) -> None:
    """Name the runs' own records that can't be read."""
    for head in (record for record in records if record.damage and not record.key.step):
        how = "can't be read: its record" if head.locked else "is left out: its record is damaged:"
        note(f"run {RunName(head.key.run, head.place)} {how} {head.damage}")


class Store(Protocol):
    """Keeps records durably. A method that returns has stored; one that raises may have stored or not."""

    @property
    def keys(self) -> JournalKeys:
        """What encrypts them, and reads them again."""

    def append(self, key: Key, index: int, entry: Entry, labels: Mapping[str, str]) -> None:
        """Store an entry as number `index` (0 first) of a record; number 0 makes the record.

        Writing the same entry again is no error. Raises: JournalConflict when that number is taken by another
        entry, RecordGone when there is none before it, Transient when the store is away, Refused when it does not
        let us write.
        """

    def reserve(self, key: Key, labels: Mapping[str, str]) -> None:
        """Make sure that a record can be begun later, whatever is full then; until then there is none to be read.

        Raises: Transient when the store is away, Refused when there is no room, or it does not let us write.
        """

    def records(self, run: str) -> Sequence[Record]:
        """Return all records of a run, the run's own first, also damaged ones; empty when it is not known."""

    def heads(self, target: str | None = None, *, locked: bool = False) -> Sequence[Record]:
        """Return the runs' own records, of one target or of all, oldest first; also those that are `locked`."""

    def index(self, target: str | None = None) -> Sequence[RunInfo]:
        """List the runs, of one target or of all, oldest first, without what they recorded."""

    def target_of(self, run: str) -> str | None:
        """Return the target of a run; None when it is not known."""

    def lock(self, target: str, wait: float = 0.0) -> Lock:
        """Return the lock of a target, kept beside the records; nobody holds it yet by this.

        `wait`: seconds that who takes it waits for another run that is at work.
        """

    def remove(self, run: str) -> None:
        """Forget a run; its own record goes last, so that a run that is half removed can be removed again."""

    def fenced(self, fence: Fence) -> Store:
        """Return the same store, which a cluster's server is asked to change only while a fence admits it."""

    def where(self) -> str:
        """Return where the journal is kept, for people."""

    def name(self, run: str) -> str:
        """Return what commands call a run of this journal, see RunName."""

    def mark(self, run: str) -> str:
        """Make what tells a new run from all others on the objects of a cluster; see `objects.run_annotation`."""


_VALID_LABEL = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")


def is_label_value(text: str) -> bool:
    """Return whether a text can be the value of a label (at most 63 characters, see Kubernetes' "Labels")."""
    return bool(_VALID_LABEL.match(text))
