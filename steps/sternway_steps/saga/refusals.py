"""Asks the steps of a run whether they would be refused, before anything is written."""

from __future__ import annotations

import shutil
import threading

from ..builtin import builtin_steps
from ..errors import ClusterError, Refused, SternwayError, is_transient
from ..spec import Action
from ..step import Checks, Step
from .assembly import AssembledRun
from .context_factory import contexts
from .plan import PlannedStep


def refusals(run: AssembledRun, stop: threading.Event) -> list[Refused]:
    """Ask all steps whether they would be refused.

    Raises: Transient, ClusterError when one can't tell now, and none is for sure.
    """
    unsure: SternwayError | ClusterError | None = None
    context_for = contexts(run, stop=stop)
    findings = [
        Refused(f"step {step.name} needs the program {program}, which is not on PATH", remedy="install it")
        for step in run.plan.all_steps
        for program in step.spec.programs
        if shutil.which(program) is None
    ]
    for planned in run.plan.all_steps:
        try:
            step = step_as_declared(run, planned)
            if isinstance(step, Checks):
                step.check(context_for(planned, Action.EXECUTE, run.journal.unwritten(planned.name)))
        except Refused as bad:
            findings.append(bad)
        except (SternwayError, ClusterError) as error:
            if not is_transient(error):
                raise
            unsure = error
    if unsure is not None and not findings:
        raise unsure
    return findings


def step_as_declared(run: AssembledRun, planned: PlannedStep) -> Step:
    """Return a step that the plan does not mistake: a configuration may declare for it what it once said of itself.

    Raises: Refused when it has other effects, for then it would not be undone, or undone in vain; when it is not here.
    """
    step, name = run.steps[planned.spec.name], planned.spec.name
    declared = run.config.declared.get(name) if name not in builtin_steps() else None
    if declared is not None and declared.effects is not step.spec.effects:
        raise Refused(
            f"declared.{name}.effects is {declared.effects}, and the package that is installed here says "
            f"{step.spec.effects}",
            remedy=f"put there what `sternway steps --declared {name}` prints here, or generate the pipeline anew",
        )
    return step
