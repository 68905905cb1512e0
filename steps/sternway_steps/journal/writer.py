"""The journal of one run, written by its runner."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import Refused, SternwayError
from ..plain_text import short
from ..spec import Action
from .backends.secret_form import TARGET
from .backends.store import HISTORY, JournalConflict, RunInfo, Store, is_label_value
from .entries import Key, Kind, Record
from .name import RunName
from .replay import Status, Story, replay, story_of
from .step_journal import LateJournal, Pen, StepJournal

_MOST_ATTEMPTS = 1000
_NOT_OVER = (Status.OPEN, Status.ROLLBACK_FAILED)
"""A run with something left that only its record can undo."""
_MOST_HELD = 20
"""Contents that a target holds by runs which its history would have forgotten: a schedule has one at a time."""


class RunJournal:
    """The journal of one run."""

    def __init__(self, store: Store, run: str, target: str) -> None:
        if not is_label_value(run) or not is_label_value(target):
            raise Refused(
                f"run {short(run)!r} of target {short(target)!r}: both must be valid label values of Kubernetes",
                remedy="give name, namespace and --run at most 63 letters and digits, with - within",
            )
        self.run = run
        self.target = target
        self.store = store
        self.mark = store.mark(run)
        """What names the run on objects that it applies; as its record says it, once that was read."""
        self._labels = {TARGET: target}
        self._head: Pen | None = None
        self._others: Sequence[RunInfo] | None = None
        self._room: set[str] = set()

    @staticmethod
    def of(store: Store, records: Sequence[Record]) -> RunJournal:
        """Return the journal of a recorded run, to go on with; raise Refused when its own record is missing."""
        story = replay(records)
        journal = RunJournal(store, story.run, story.target)
        journal._go_on_after(records)
        return journal

    @property
    def name(self) -> str:
        """What commands call the run: NAMESPACE/RUN."""
        return self.store.name(self.run)

    def start(self, data: Mapping[str, Any]) -> None:
        """Record that the run starts; raises Refused when it is in the journal already."""
        pen = Pen(self.store, Key(self.run), self._labels)
        try:
            place = {"journal": self.store.where(), "lock": self.store.lock(self.target).name}
            pen.write(Kind.RUN_STARTED, {"target": self.target, "mark": self.mark, **place, **data})
        except JournalConflict as taken:
            remedy = "give each run an id of its own"
            raise Refused(f"run {self.run} is in the journal already", remedy=remedy) from taken
        self._head = pen

    def resume(self) -> None:
        """Record that the undo of the run is taken up again."""
        self._going_on().write(Kind.RUN_STARTED, {"target": self.target, "resumed": True})

    def go_on(self, data: Mapping[str, Any]) -> None:
        """Record that another process goes on with the way forward; raises as Store.append does."""
        self._going_on().write(Kind.RUN_STARTED, {"target": self.target, "forward": dict(data)})

    def end(self, data: Mapping[str, Any]) -> None:
        """Seal the run."""
        self._going_on().write(Kind.RUN_ENDED, data)

    def release_hold(self, story: Story, by: Mapping[str, Any]) -> None:
        """Record of a run that has ended that what it deployed is held no more, and by whom that was said."""
        end = {key: value for key, value in story.end.items() if key != "holds"}
        self.end({**end, "ended": story.ended, "unheld": dict(by)})

    def prune(self, keep: int = HISTORY) -> list[str]:
        """Forget the oldest ended runs of the target beyond `keep`. Return their ids.

        One that did not end is kept, also one whose undo failed, until that is put right: its record is what the undo
        needs. Of each of the newest contents that the target holds the newest run is kept.
        """
        ended = [info for info in self.store.index(self.target) if info.status not in _NOT_OVER]
        holding = list({info.holds: info.run for info in ended if info.holds}.values())[-_MOST_HELD:]
        gone = [info.run for info in ended[: max(0, len(ended) - keep)] if info.run not in holding]
        for run in gone:
            self.store.remove(run)
        return gone

    def reserve(self, step: str) -> None:
        """Keep room for the record of a step's undo, before the step changes anything; raises as Store.reserve does."""
        if step not in self._room:
            self.store.reserve(Key(self.run, step, Action.ROLLBACK.value, 1), self._labels)
            self._room.add(step)

    def begin(self, step: str, action: Action, end: str = "") -> StepJournal:
        """Open the record of the next attempt and record that it began; `end` is the status of the run that it tells.

        That of an attempt on the way forward or back is "".
        """
        for attempt in range(1, _MOST_ATTEMPTS):
            journal = StepJournal(self.store, Key(self.run, step, action.value, attempt), self._labels)
            try:
                # The token tells two processes apart that begin in the same millisecond.
                began = {"step": step, "action": action.value, "attempt": attempt, "writer": secrets.token_hex(4)}
                began |= {"end": end} if end else {}
                journal.write(Kind.STEP_BEGAN, began)
            except JournalConflict:
                continue  # it was begun before, or by another process a moment ago; most steps need no second one
            return journal
        raise Refused(f"step {step} of run {self.run} was tried {_MOST_ATTEMPTS} times")

    def begin_late(self, step: str, action: Action) -> StepJournal:
        """Return the journal of an attempt that can't be recorded yet."""
        key = Key(self.run, step, action.value, 0)
        return LateJournal(self.store, key, self._labels, lambda: self.begin(step, action))

    def unwritten(self, step: str) -> StepJournal:
        """Return a step's journal before its first attempt: it reads what is there, and nothing is to be written."""
        return StepJournal(self.store, Key(self.run, step, Action.EXECUTE.value, 0), self._labels)

    def records(self) -> Sequence[Record]:
        """Read all records of this run; one request."""
        found = self.store.records(self.run)
        self._go_on_after(found)
        return found

    def others(self, *, anew: bool = False) -> Sequence[RunInfo]:
        """List the other runs of the target, oldest first: read once, for while its lock is held they stay as they are.

        `anew`: they may be others now, for one of them was ended.
        """
        if self._others is None or anew:
            self._others = [info for info in self.store.index(self.target) if info.run != self.run]
        return self._others

    def target_of(self, mark: str) -> str | None:
        """Return the target of the run of this journal that a mark names; None when that is not known.

        "" when it is not of this journal: its run of that id has another mark.
        """
        try:
            story = story_of(self.store.records(RunName.parse(mark).run))
        except SternwayError:
            return None
        return None if story is None else story.target if story.mark == mark else ""

    def _go_on_after(self, records: Sequence[Record]) -> None:
        """Go on with the run's own record where it ends: another process may have begun it, or written more."""
        head = next((record for record in records if not record.key.step), None)
        if head is not None:
            self._head = self._head or Pen(self.store, Key(self.run), self._labels)
            self.mark = replay([head]).mark
            self._head.go_on_after(head.entries)

    def _going_on(self) -> Pen:
        if self._head is None:
            self.records()
        if self._head is None:
            raise Refused(f"run {self.run} is not in the journal", remedy="`sternway runs` lists those that are")
        return self._head
