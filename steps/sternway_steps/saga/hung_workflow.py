"""A Workflow that waits for an exit handler which can't start, though its run has ended: nothing is left for it to do.

Argo would wait for ever, with the mutex that the next run of the target needs. Its run was ended by another run, or by
a person, who may not even see Workflows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import ClusterError, SternwayError
from ..journal.entries import Record
from ..journal.replay import Status, Story, replay
from .told_end import reason_of
from .workflow import terminate, workflow_state
from .workflow_event import put_event

if TYPE_CHECKING:
    from ..kube.client import Client


def end_hung_workflow(client: Client, heads: Iterable[Record]) -> tuple[Story, str] | None:
    """End the Workflow of the newest of a target's ended runs that one made, if it hangs; return that run, and why.

    An older one can't hang: its mutex would have kept the newer one from starting. `heads` are the runs' own records,
    oldest first. Who may not look, or not end it, leaves it.
    """
    made = (story for story in map(_story, reversed(list(heads))) if story is not None and story.workflow)
    story = next(made, None)
    if story is None or story.status is Status.OPEN:
        return None
    try:
        state = workflow_state(client, story)
        if not state.late:
            return None
        terminate(client, story)
    except (ClusterError, SternwayError) as error:
        logging.getLogger("sternway").warning("whether Workflow %s hangs can't be told: %s", story.workflow, error)
        return None
    why = f"it had ended, and {state.how}; so this sweep ended that"
    name, place = story.workflow, story.workflow_namespace
    good = story.status is Status.SUCCEEDED
    put_event(
        client, name, story.run, reason_of(story.status), f"run {story.name}: {why}", warning=not good, namespace=place
    )
    return story, why


def _story(head: Record) -> Story | None:
    return replay([head]) if head.entries and not head.damage else None
