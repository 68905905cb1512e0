"""The journal of one attempt of one step, and the pen with which any record is written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import Transient
from ..spec import Action, History, Recorded
from .backends.store import JournalConflict, Store
from .codec import chained
from .contract1 import Contract1
from .entries import Entry, Key, Kind, Record


class Pen:
    """Writes one record, entry after entry, also for threads that work side by side: an undo makes objects anew so.

    An entry of which it is not known whether it was stored keeps its place: it is written again, as it was, before
    the next one. Each bears a digest of itself and of those before it.
    """

    def __init__(self, store: Store, key: Key, labels: Mapping[str, str]) -> None:
        self._store, self._key, self._labels = store, key, labels
        self._at = 0
        self._chain = ""
        self._unsure: Entry | None = None
        self._lock = threading.Lock()

    def write(self, kind: Kind, data: Mapping[str, Any]) -> None:
        """Append an entry; raises as Store.append does."""
        with self._lock:
            if self._unsure is not None:
                self._append(self._unsure)
            self._append(chained(self._key, self._chain, Entry.now(kind, data)))

    def go_on_after(self, entries: Sequence[Entry]) -> None:
        """Go on behind the entries that the record has now, unless one of ours may be stored or not."""
        if self._unsure is None:
            self._at, self._chain = len(entries), entries[-1].chain if entries else ""

    def _append(self, entry: Entry) -> None:
        try:
            self._store.append(self._key, self._at, entry, self._labels)
        except JournalConflict:
            self._unsure = None  # its place is somebody else's
            raise
        except Transient:
            self._unsure = entry
            raise
        self._unsure, self._chain = None, entry.chain
        self._at += 1


class StepJournal(Contract1):
    """The journal of one attempt of one step: writes its own record, reads those of all attempts."""

    def __init__(self, store: Store, key: Key, labels: Mapping[str, str]) -> None:
        self.key = key
        self._store = store
        self._pen = Pen(store, key, labels)

    def intent(self, data: Mapping[str, Any]) -> None:
        """Record durably what is about to change and all that its undo needs."""
        self.write(Kind.INTENT, data)

    def evidence(self, data: Mapping[str, Any]) -> None:
        """Record durably what was changed."""
        self.write(Kind.EVIDENCE, data)

    def end(self, data: Mapping[str, Any]) -> None:
        """Seal the attempt."""
        self.write(Kind.STEP_ENDED, data)

    def history(self) -> History:
        """Read what all attempts of this step recorded; one request."""
        mine = [record for record in self._store.records(self.key.run) if record.key.step == self.key.step]
        return history_of(mine)

    def write(self, kind: Kind, data: Mapping[str, Any]) -> None:
        """Append an entry to this attempt's record."""
        self._pen.write(kind, data)


class LateJournal(StepJournal):
    """The journal of an undo that begins although nothing can be recorded now: its first write begins the record.

    A write raises for as long as the store takes nothing; reading works. `opens` begins the record of an attempt.
    """

    def __init__(self, store: Store, key: Key, labels: Mapping[str, str], opens: Callable[[], StepJournal]) -> None:
        super().__init__(store, key, labels)
        self._opens = opens
        self._opened: StepJournal | None = None
        self._opening = threading.Lock()

    def write(self, kind: Kind, data: Mapping[str, Any]) -> None:
        """Begin the record unless it was begun, and append to it."""
        with self._opening:
            if self._opened is None:
                self._opened = self._opens()
                self.key = self._opened.key
        self._opened.write(kind, data)


def history_of(records: Sequence[Record]) -> History:
    """Return what the records of one step tell, of all its attempts."""
    return History(_recorded(records, Action.EXECUTE), _recorded(records, Action.ROLLBACK))


def _recorded(records: Sequence[Record], action: Action) -> Recorded:
    entries = [entry for record in records if record.key.action == action for entry in record.entries]
    intents, evidence = ([e.data for e in entries if e.kind is kind] for kind in (Kind.INTENT, Kind.EVIDENCE))
    return Recorded(tuple(intents), tuple(evidence))
