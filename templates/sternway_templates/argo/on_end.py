"""The steps that run when the run has ended (`on:`): the report runs them, and ends for them a success too."""

from __future__ import annotations

from sternway_steps.builtin import builtin_steps
from sternway_steps.config import Config
from sternway_steps.saga.plan import Plan
from sternway_steps.spec import Effects

from ..kubernetes.images import RUN
from ..kubernetes.pod import REPORT, TOLD

_SUCCEEDED = "{{workflow.status}} == Succeeded"


def after_success(plan: Plan) -> list[tuple[str, str, str]]:
    """Return the handler's row for a run that succeeded, as name, template and condition; none when nobody is told.

    It comes first: the row that comes last decides what becomes of the Workflow, and this one never does.
    """
    return [(TOLD, REPORT, _SUCCEEDED)] if any(step.on != "failure" for step in plan.on_end) else []


def reporter(config: Config, plan: Plan) -> str:
    """Name the step whose image the report has: one that holds what other packages bring for the run's end.

    Else that of a rollback, which the handler needs anyway: no other image keeps it from starting.
    """
    others = [step.spec.name for step in plan.on_end if step.spec.name not in builtin_steps()]
    if others:
        return RUN if RUN in config.argo.images else others[0]
    ours = [step.spec for step in plan.steps if step.spec.name in builtin_steps()]
    undone = [spec.name for spec in ours if spec.effects is not Effects.NONE]
    return (undone or [step.spec.name for step in plan.steps])[-1]
