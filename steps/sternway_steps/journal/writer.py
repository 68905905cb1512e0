"""How a runner and its steps write the journal."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import Refused, SternwayError, Transient
from ..spec import Action, History, Recorded
from .backends.secret_form import TARGET
from .backends.store import HISTORY, JournalConflict, Store, is_label_value
from .contract1 import Contract1
from .entries import Entry, Key, Kind, Record
from .replay import Status, replay

_MOST_ATTEMPTS = 1000


class Pen:
    """Writes one record, entry after entry.

    An entry of which it is not known whether it was stored keeps its place: it is written again, as it was, before
    the next one. `at` is the number of entries that the record has.
    """

    def __init__(self, store: Store, key: Key, labels: Mapping[str, str], at: int = 0) -> None:
        self._store, self._key, self._labels = store, key, labels
        self._at = at
        self._unsure: Entry | None = None

    def write(self, kind: Kind, data: Mapping[str, Any]) -> None:
        """Append an entry; raises as Store.append does."""
        if self._unsure is not None:
            self._append(self._unsure)
        self._append(Entry.now(kind, data))

    def _append(self, entry: Entry) -> None:
        try:
            self._store.append(self._key, self._at, entry, self._labels)
        except Transient:
            self._unsure = entry
            raise
        self._unsure = None
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
        return History(_recorded(mine, Action.EXECUTE), _recorded(mine, Action.ROLLBACK))

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

    def write(self, kind: Kind, data: Mapping[str, Any]) -> None:
        """Begin the record unless it was begun, and append to it."""
        if self._opened is None:
            self._opened = self._opens()
            self.key = self._opened.key
        self._opened.write(kind, data)


class RunJournal:
    """The journal of one run."""

    def __init__(self, store: Store, run: str, target: str) -> None:
        if not is_label_value(run) or not is_label_value(target):
            raise Refused(f"run {run!r} of target {target!r}: both must be valid label values of Kubernetes")
        self.run = run
        self.target = target
        self._store = store
        self._labels = {TARGET: target}
        self._head: Pen | None = None

    @staticmethod
    def of(store: Store, records: Sequence[Record]) -> RunJournal:
        """Return the journal of a recorded run, to go on with; raises Refused when its own record is missing."""
        story = replay(records)
        journal = RunJournal(store, story.run, story.target)
        journal._go_on_after(records)
        return journal

    def start(self, data: Mapping[str, Any]) -> None:
        """Record that the run starts; raises Refused when it is in the journal already."""
        pen = Pen(self._store, Key(self.run), self._labels)
        try:
            pen.write(Kind.RUN_STARTED, {"target": self.target, **data})
        except JournalConflict as taken:
            remedy = "give each run an id of its own"
            raise Refused(f"run {self.run} is in the journal already", remedy=remedy) from taken
        self._head = pen

    def resume(self) -> None:
        """Record that the undo of the run is taken up again."""
        self._going_on().write(Kind.RUN_STARTED, {"target": self.target, "resumed": True})

    def end(self, data: Mapping[str, Any]) -> None:
        """Seal the run."""
        self._going_on().write(Kind.RUN_ENDED, data)

    def prune(self, keep: int = HISTORY) -> list[str]:
        """Forget the oldest ended runs of the target beyond `keep`; one that did not end is kept. Return their ids."""
        ended = [info.run for info in self._store.index(self.target) if info.status is not Status.OPEN]
        gone = ended[: max(0, len(ended) - keep)]
        for run in gone:
            self._store.remove(run)
        return gone

    def begin(self, step: str, action: Action) -> StepJournal:
        """Open the record of the next attempt and record that it began."""
        for attempt in range(1, _MOST_ATTEMPTS):
            journal = StepJournal(self._store, Key(self.run, step, action.value, attempt), self._labels)
            try:
                # The token tells two processes apart that begin in the same millisecond.
                began = {"step": step, "action": action.value, "attempt": attempt, "writer": secrets.token_hex(4)}
                journal.write(Kind.STEP_BEGAN, began)
            except JournalConflict:
                continue  # it was begun before, or by another process a moment ago; most steps need no second one
            return journal
        raise Refused(f"step {step} of run {self.run} was tried {_MOST_ATTEMPTS} times")

    def begin_late(self, step: str, action: Action) -> StepJournal:
        """Give the journal of an attempt that can't be recorded yet."""
        key = Key(self.run, step, action.value, 0)
        return LateJournal(self._store, key, self._labels, lambda: self.begin(step, action))

    def unwritten(self, step: str) -> StepJournal:
        """Give a step's journal before its first attempt: it reads what is there, and nothing is to be written."""
        return StepJournal(self._store, Key(self.run, step, Action.EXECUTE.value, 0), self._labels)

    def records(self) -> Sequence[Record]:
        """Read all records of this run; one request."""
        found = self._store.records(self.run)
        self._go_on_after(found)
        return found

    def target_of(self, run: str) -> str | None:
        """Give the target of another run of this journal; None when it can't be read, or does not know it."""
        try:
            return self._store.target_of(run) or None
        except SternwayError:
            return None

    def _go_on_after(self, records: Sequence[Record]) -> None:
        """Go on with a record that this process did not begin where it ends."""
        head = next((record for record in records if not record.key.step), None)
        if self._head is None and head is not None:
            self._head = Pen(self._store, Key(self.run), self._labels, len(head.entries))

    def _going_on(self) -> Pen:
        if self._head is None:
            self.records()
        if self._head is None:
            raise Refused(f"run {self.run} is not in the journal", remedy="`sternway runs` lists those that are")
        return self._head


def _recorded(records: Sequence[Record], action: Action) -> Recorded:
    entries = [entry for record in records if record.key.action == action for entry in record.entries]
    intents, evidence = ([e.data for e in entries if e.kind is kind] for kind in (Kind.INTENT, Kind.EVIDENCE))
    return Recorded(tuple(intents), tuple(evidence))
