"""Follow a run that is at work anywhere, by its journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..config import Config
from ..errors import SternwayError
from ..exits import Exit
from ..journal.replay import Story
from ..registry.steps import Specs
from ..saga.events import Event
from ..saga.plan import make_plan
from ..saga.story_end import StoryEnd
from ..saga.watch import watch
from ..saga.workflow import workflow_seen
from .recorded import recorded
from .shared import Shared

if TYPE_CHECKING:
    from ..journal.entries import Record


def follow(
    shared: Shared,
    run: str,
    tell: Callable[[Event, str], None],
    note: Callable[[str], None],
    journal_of: Config | None,
    every: float,
) -> Exit:
    """Tell a run's events until it ends, and return its exit code; see `Session.watch`."""
    store, run = recorded(shared, run, journal_of, "sternway show --watch")

    def read() -> tuple[Sequence[Record], Story]:
        records = store.records(run)
        return records, shared.story(records)

    return watch(read, tell, note, shared.stop, partial(_end_of, shared), partial(workflow_seen, shared.book), every)


def _end_of(shared: Shared, story: Story) -> StoryEnd:
    try:
        config = Config.from_dict(story.config)
        return StoryEnd(story, make_plan(config.steps, Specs(shared.steps, config.declared), config.on_end))
    except (SternwayError, KeyError, TypeError, ValueError):  # of another package, or of an older journal
        return StoryEnd(story, None)
