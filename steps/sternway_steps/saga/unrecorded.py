"""Steps that are known to have run, but of which the journal knows nothing: what they did is never told as undone.

Two others know of a step besides the journal: Argo, whose Workflow says which of its nodes have succeeded, and the
world, where what was applied carries the run (see `step.Leaves`).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import Refused, RollbackFailed, Transient
from ..journal.replay import Story
from ..kube.api_error import ApiError
from ..kube.discovery import UnknownKind
from ..release.remedy import BY_HAND, NEEDS
from ..spec import Action, Outcome, StepSpec
from ..step import Context, Leaves, Step
from .assembly import AssembledRun
from .context_factory import contexts
from .left_out import LeftOut
from .plan import PlannedStep
from .workflow_nodes import succeeded_nodes


@dataclass(frozen=True)
class Unrecorded:
    """A step whose execution is not in the journal, as what its undo can be: the proof that nothing of it is there."""

    step: Step

    @property
    def spec(self) -> StepSpec:
        """The step's own."""
        return self.step.spec

    def execute(self, context: Context) -> Outcome:
        """Execute the step."""
        return self.step.execute(context)

    def rollback(self, context: Context) -> Outcome:
        """Undo nothing; raise RollbackFailed unless the step sees that nothing of this run is there."""
        found: Sequence[str] = ()
        if isinstance(self.step, Leaves):
            found = self.step.left(context)
            if not found:
                return Outcome("its record is gone from the journal, and nothing carries this run any more")
        there = f"; these carry run {context.run}: {', '.join(found)}" if found else ""
        raise _gone(context.step, there)


def _gone(step: str, there: str = "") -> RollbackFailed:
    return RollbackFailed(
        f"{step}: it has run, and its record is gone from the journal, so it can't be undone{there}",
        remedy="run the version that is wanted, or put it back by hand",
        details={NEEDS: [BY_HAND]},
    )


def never_rolled_back(run: AssembledRun, story: Story, workflow: str) -> list[RollbackFailed]:
    """Return an error for each step that has run, of which the journal knows nothing, not even a rollback.

    Raises: Transient when that can't be told now.
    """
    missing = run.plan.undo_of({step.name for step in run.plan.steps} - story.begun())
    return [_gone(step.name) for step in missing if has_run_unrecorded(run, step, story, workflow)]


def did_nothing(run: AssembledRun, workflow: str) -> bool:
    """Tell whether nobody knows of anything that a run did: its journal has no record, Argo and the world know of none.

    Raises: Refused, Transient when that can't be told.
    """
    steps = run.plan.undo_of({step.name for step in run.plan.steps})
    return not run.journal.records() and not any(has_run_unrecorded(run, step, None, workflow) for step in steps)


def as_recorded_step(step: Step, name: str, story: Story) -> Step:
    """Return what undoes a step: itself, if the journal knows that it began, and what it holds of it can be read."""
    if name in story.damaged:
        remedy = "run the version that is wanted, or put it back by hand"
        return LeftOut(step, f"it can't be undone, for its record is damaged: {story.damaged[name]}", remedy)
    return step if name in story.executed() else Unrecorded(step)


def has_run_unrecorded(run: AssembledRun, planned: PlannedStep, story: Story | None, workflow: str) -> bool:
    """Tell whether a step has run of which the journal knows nothing; what nobody knows did not.

    Raises: Transient when that can't be told now.
    """
    if workflow and planned.name in succeeded_nodes(run.client, workflow, run.id):
        return True
    step = run.steps[planned.spec.name]
    return isinstance(step, Leaves) and not _like_it(run, planned, story) and bool(_left(run, planned, step))


def _like_it(run: AssembledRun, planned: PlannedStep, story: Story | None) -> bool:
    """Tell whether another step of its kind has begun, which what carries the run may be of."""
    begun = story.executed() if story is not None else frozenset()
    return any(step.spec.name == planned.spec.name and step.name in begun for step in run.plan.steps)


def _left(run: AssembledRun, planned: PlannedStep, step: Leaves) -> Sequence[str]:
    context_for = contexts(run, stop=threading.Event())
    context = context_for(planned, Action.ROLLBACK, run.journal.unwritten(planned.name))
    try:
        return step.left(context)
    except ApiError as error:
        if error.transient:
            raise Transient(f"whether something of {planned.name} is there can't be told now: {error}") from error
        return []  # who may not look does not know
    except (Refused, UnknownKind):  # of a kind that is not served nothing is there
        return []
