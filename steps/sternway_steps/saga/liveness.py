"""Whether the process of an open run is still alive."""

from __future__ import annotations

from dataclasses import replace

from ..journal.lookup import JournalLookup
from ..journal.replay import Status, Story


def with_liveness(story: Story, lookup: JournalLookup) -> Story:
    """Return the story with `interrupted` for an open run whose process is gone: a living one holds its target's lock.

    The lock is where the run is recorded, whatever the kubeconfig at hand says.
    """
    if story.status is not Status.OPEN or story.stepwise:
        return story
    holder = lookup.at(story.place).lock(story.target).holder()
    alive = holder is not None and holder.run == story.run
    return replace(story, status=Status.RUNNING if alive else Status.INTERRUPTED)
