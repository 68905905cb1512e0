"""What a run that was undone has written since: a request that was under way when its undo read the world.

The network may keep a request for longer than any lease, and the server then takes it if its precondition still holds:
what was not there is still not there, what the undo had no need to touch is as it was. No clock and no lock keeps that
away, so whoever deploys next looks for it: by the run's mark on the objects, in the newest runs that were undone
since the last good one. It is undone by the same code, as one more rollback in the journal of the run that wrote it.

Two processes that work on one run at different times need no more than its id: both apply what its record says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from ..errors import Transient, is_transient
from ..journal.name import RunName
from ..journal.replay import Status, replay, story_of
from ..journal.writer import RunJournal
from ..registry.steps import Specs
from ..spec import Action
from ..step import FindsLate
from .assembly import AssembledRun
from .attempt import ContextFor, attempt
from .location import home_of
from .plan import make_plan
from .recorded_config import recorded_config

_RECENT = 5
"""Runs that are looked at whether or not an object here carries their mark: a request is late by minutes, and each
run costs a reading of all its objects."""
_WENT_BACK = (Status.UNDONE, Status.ROLLBACK_FAILED)


class LateWrites:
    """Looks for them in behalf of a run that holds the target. Thread-safe."""

    def __init__(self, run: AssembledRun, contexts: Callable[[AssembledRun], ContextFor]) -> None:
        self._run, self._contexts = run, contexts
        self._lock = threading.Lock()

    def undo(self, marks: Collection[str]) -> list[str]:
        """Undo them again; return what is to be said of it, nothing when there were none.

        `marks`: the runs that the objects at hand are marked with. Raises: Transient, when it is to be tried again.
        """
        with self._lock:
            runs = list(_suspects(self._run.journal, marks))
            return [line for run in runs for line in self._undo(run)]

    def _undo(self, run: str) -> Iterator[str]:
        other = _recorded(self._run, run)
        if other is None:
            return
        context_for = self._contexts(other)
        story = replay(other.journal.records())
        for planned in other.plan.undo_of(story.begun()):
            if (step := other.steps.get(planned.spec.name)) is None:
                continue
            context = context_for(planned, Action.ROLLBACK, other.journal.unwritten(planned.name))
            found = step.late(context) if isinstance(step, FindsLate) else ()
            if not found:
                continue
            if unchained := other.trust.unchained(story):
                yield f"{unchained}: {', '.join(found)}, which it wrote after its undo, counts as what was there before"
                continue
            yield f"run {run} was undone, and wrote {', '.join(found)} after that: it is undone again"
            step = other.trusted(step, planned, Action.ROLLBACK)
            done = attempt(step, planned, Action.ROLLBACK, other.journal, context_for, lambda _: None)
            if is_transient(done.error):
                raise Transient(f"what run {run} wrote late is not undone yet: {done.error}")
            if done.error is not None:
                yield f"{done.error}; it stays, and counts as what was there before this run"


def _suspects(journal: RunJournal, marks: Collection[str]) -> Iterator[str]:
    """List the newest runs that went back since the last good one, and those whose marks are here; newest first."""
    here, since = {RunName.parse(mark).run for mark in marks}, _RECENT
    for info in reversed(journal.others()):
        if info.status in _WENT_BACK:
            if since or info.run in here:
                yield info.run
            since = max(0, since - 1)
        elif info.status is Status.SUCCEEDED:
            since = 0


def _recorded(run: AssembledRun, other: str) -> AssembledRun | None:
    """Put together another run of the target that is held; None when there is nothing of it to undo by steps."""
    story = story_of(records := run.store.records(other))
    if story is None or story.back_to or story.status not in _WENT_BACK:
        return None
    config = recorded_config(story)
    if not config.namespace and (home := home_of(story)):
        config = replace(config, namespace=home)
    plan = make_plan(config.steps, Specs(run.steps, config.declared))
    return replace(run, config=config, plan=plan, journal=RunJournal.of(run.store, records))
