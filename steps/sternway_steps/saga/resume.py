"""Going on forward with a run whose process is gone, while the world is still as its journal left it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from ..errors import Refused, Transient
from ..exits import DONE, Exit, word_of_exit
from ..journal.replay import Attempt, Status, Story
from ..spec import Action, Effects
from ..step import Resumes
from .assembly import AssembledRun
from .context_factory import contexts
from .plan import PlannedStep
from .workflow import workflow_state

_CUT_OFF = ("", word_of_exit(Exit.STOPPED), word_of_exit(Exit.TRANSIENT))
"""How the last attempt of a step ended that may be taken up again: anything else was the first error of the run."""


def require_resumable(story: Story) -> None:
    """Refuse what has no way forward; raises Refused."""
    undo = f"sternway rollback {story.name}"
    if story.status is not Status.OPEN:
        remedy = "begin a new run: sternway run"
        raise Refused(
            f"run {story.run} has ended ({story.status.value}): nothing of it is left to go on with", remedy=remedy
        )
    if story.back_to or story.goes_back():
        raise Refused(f"the undo of run {story.run} has begun, so it can't go on forward", remedy=undo)
    for step in story.steps():
        last = story.last(step)
        if last is not None and last.result not in (DONE, *_CUT_OFF):
            raise Refused(f"run {story.run} can't go on: step {step} has failed: {last.data.get('error')}", remedy=undo)


def require_over(run: AssembledRun, story: Story) -> None:
    """Refuse to go on with what a Workflow makes that is at work, or may be; raises Refused, Transient."""
    if not story.workflow:
        return
    state = workflow_state(run.client, story)
    if state.over is False:
        raise Transient(f"run {story.run} goes on by itself: {state.how}", remedy="wait for it, or terminate it")
    if state.over is None:
        remedy = f"sternway rollback {story.name}, when that Workflow is gone"
        raise Refused(f"nobody can tell whether run {story.run} is at work: {state.how}", remedy=remedy)


def require_unmoved(run: AssembledRun, story: Story, stop: threading.Event) -> None:
    """Ask the steps that have begun whether the world is as they left it.

    Raises: Refused, naming all that moved; Transient, ClusterError when that can't be told now.
    """
    found = list(_moved(run, story, stop))
    if found:
        raise Refused(
            f"run {run.id} can't go on where it was interrupted: {'; '.join(found)}",
            remedy=f"sternway rollback {run.journal.name}, then run again",
        )


def _moved(run: AssembledRun, story: Story, stop: threading.Event) -> Iterator[str]:
    context_for = contexts(run, stop=stop)
    for planned in run.plan.steps:
        last = story.last(planned.name)
        if last is None:
            continue
        step = run.steps[planned.spec.name]
        if isinstance(step, Resumes):
            context = context_for(planned, Action.EXECUTE, run.journal.unwritten(planned.name))
            yield from step.moved(context, done=last.result == DONE)
        elif last.result != DONE and _may_have_changed(planned, story.attempts):
            yield f"step {planned.name} was cut off, and can't tell how far it came"


def _may_have_changed(planned: PlannedStep, attempts: tuple[Attempt, ...]) -> bool:
    """Tell whether an attempt of a step may have changed something; one that has an undo recorded its intent before."""
    mine = [a for a in attempts if (a.step, a.action) == (planned.name, Action.EXECUTE)]
    if planned.spec.effects is Effects.REVERSIBLE:
        return any(attempt.intended for attempt in mine)
    return planned.spec.effects is Effects.IRREVERSIBLE
