"""What may still happen in a run whose steps are called one by one: sealed is sealed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import Refused
from ..exits import DONE, Exit, word_of_exit
from ..journal.replay import Attempt, Status, Story
from .plan import PlannedStep

_UNTOUCHED = (Status.UNDONE, Status.REFUSED, Status.HELD)


def refuse_to_execute(story: Story) -> None:
    """Raise Refused when no step executes in a run any more: it was undone, is being undone, or has ended."""
    if story.goes_back():
        raise Refused(f"run {story.run} was rolled back already, or is being undone", remedy="start a new run")
    if story.status is not Status.OPEN:
        raise Refused(f"run {story.run} has ended: {story.status.value}", remedy="start a new run")


def refuse_out_of_turn(before: Iterable[PlannedStep], step: str, run: str, story: Story | None) -> None:
    """Raise Refused unless all steps before one are done in its own run; `story` is None while nothing is recorded.

    `argo resubmit --memoized` starts at once what it remembers of another Workflow, whose run was undone since.
    """
    lasts = {one.name: story.last(one.name) if story is not None else None for one in before}
    missing = [name for name, last in lasts.items() if last is None or last.result != DONE]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise Refused(
            f"step {step} is not to begin: {', '.join(missing)} {are} not done in run {run}",
            remedy="begin a run from its first step: `argo submit --from`, or `argo resubmit` without --memoized",
        )


def refuse_taken(story: Story, others: Mapping[str, Status]) -> None:
    """Raise Refused when another run has worked on the target since a run began, whose steps come one by one.

    Nobody holds the target between two of them; whoever asks first whether a run is open leaves it alone (see
    `recovery`), an older version and one that can't see the Workflow may not. `others`: the
    other runs of the target, and where each stands.
    """
    known = story.others or ()
    later = [run for run, status in others.items() if run not in known and status not in _UNTOUCHED]
    if later:
        raise Refused(
            f"run {later[-1]} has begun on {story.target} between two steps of run {story.run}",
            remedy="what this run did is undone as far as the other one let it; start a new run",
        )


def refuse_other_target(story: Story, target: str) -> None:
    """Raise Refused when a run is not of the target that the configuration at hand deploys to."""
    if story.target != target:
        remedy = "give the configuration, the kubeconfig and the context that it was begun with"
        raise Refused(f"run {story.run} is of target {story.target}, not of {target}", remedy=remedy)


def told_again(story: Story, step: str, workflow: str) -> Attempt | None:
    """Return the attempt whose end Argo is told again, when it makes a pod anew; None when the step is to execute.

    It executes nothing, so what is done is told of a run that has succeeded too. `workflow`: the one that calls.

    Raises: Refused when the run was undone, is being undone, or has ended otherwise.
    """
    last = story.last(step) if workflow else None
    if last is not None and last.result == DONE and story.status is Status.SUCCEEDED and not story.goes_back():
        return last
    refuse_to_execute(story)
    return last if last is not None and last.result != word_of_exit(Exit.TRANSIENT) else None


def is_undone(story: Story) -> bool:
    """Return whether nothing of a run is left to be undone: it has ended so."""
    return story.status in _UNTOUCHED
