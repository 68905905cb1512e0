"""Asks the steps of a run whether they would be refused, before anything is written."""

from __future__ import annotations

import shutil
import threading

from ..errors import ClusterError, Refused, SternwayError, is_transient
from ..spec import Action
from ..step import Checks
from .assembly import AssembledRun
from .context_factory import contexts


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
            step = run.steps[planned.spec.name]
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
