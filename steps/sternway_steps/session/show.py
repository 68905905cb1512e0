"""What the journal tells of runs that were, and what of one is live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..config import Config
from ..journal.replay import Story, locked_story, replay
from .recorded import recorded
from .shared import Shared

if TYPE_CHECKING:
    from ..saga.recorded_changes import RecordedChange


def list_runs(shared: Shared, target: str | None, journal_of: Config | None) -> list[Story]:
    """List the runs that the journal knows, newest first; see `Session.runs`."""
    at = shared.locate(journal_of) if journal_of is not None else None
    store, target = (at.store, at.target) if at is not None else (shared.journals.all(), target)
    heads = reversed(store.heads(target, locked=True))
    return [locked_story(head) or shared.story([head]) for head in heads]


def story_of_run(shared: Shared, run: str, journal_of: Config | None) -> Story:
    """Return the whole story of a run; see `Session.story`."""
    store, run = recorded(shared, run, journal_of, "sternway show")
    return shared.story(store.records(run))


def changes_of_run(shared: Shared, run: str, journal_of: Config | None) -> list[RecordedChange]:
    """Return what a run changed of each object; see `Session.changes`."""
    from ..saga.recorded_changes import recorded_changes

    store, run = recorded(shared, run, journal_of, "sternway show")
    records = store.records(run)
    return recorded_changes(records, replay(records))


def live_objects(shared: Shared, run: str) -> tuple[Any, ...]:
    """Return a run's objects as they are now; see `Session.live`."""
    from ..release.live import live

    return tuple(live(Config.from_dict(story_of_run(shared, run, None).config), shared.client))
