"""What stands on a target, in one reading of its journal: what is live, how the last run ended, what is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..journal.backends.store import Store
from ..journal.doing import doing
from ..journal.entries import Record
from ..journal.locks.holder import Holder
from ..journal.replay import Status, Story, locked_story, story_of
from .held import holds
from .hold import Hold
from .standing import stands


@dataclass(frozen=True)
class AtWork:
    """Who holds a target's lock, and what that run does at the moment ("" when its journal does not say)."""

    run: str
    host: str
    pid: int
    doing: str


@dataclass(frozen=True)
class TargetStatus:
    """A target: `live` is the newest run that succeeded and stands, `last` the newest of all; None for none."""

    target: str
    journal: str
    live: Story | None
    last: Story | None
    holds: tuple[Hold, ...]
    at_work: AtWork | None


def target_status(store: Store, target: str) -> TargetStatus:
    """Read what stands on a target; raises Refused, Transient when its journal can't be read."""
    infos = store.index(target)
    holder = store.lock(target).holder()
    read = (_told(store.records(info.run)) for info in reversed(infos))
    last = next((story for story in read if story is not None), None)
    if last is not None and last.status is Status.OPEN and not last.stepwise:
        alive = holder is not None and holder.run == last.run
        last = replace(last, status=Status.RUNNING if alive else Status.INTERRUPTED)
    at_work = _at_work(store, holder) if holder is not None else None
    return TargetStatus(target, store.where(), _live(store, target), last, tuple(holds(store, target)), at_work)


def _told(records: Sequence[Record]) -> Story | None:
    """Return a run's story; of one that no key at hand opens what it tells in the clear."""
    return next(filter(None, map(locked_story, records)), None) or story_of(records)


def _live(store: Store, target: str) -> Story | None:
    """Return the newest run that succeeded and stands; one that is locked may stand, too."""
    for info in reversed(store.index(target)):
        story = _told(store.records(info.run)) if info.status is Status.SUCCEEDED else None
        if story is not None and stands(story):
            return story
    return None


def _at_work(store: Store, holder: Holder) -> AtWork:
    return AtWork(holder.run, holder.host, holder.pid, doing(store.records, holder.run))
