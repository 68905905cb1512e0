"""What a run would change, and whether it would be refused: asked without changing anything."""

from __future__ import annotations

import threading
from dataclasses import replace

from ..errors import together
from ..release.precheck import Precheck, precheck
from .assembly import AssembledRun
from .refusals import refusals


def preflight(run: AssembledRun, stop: threading.Event) -> Precheck:
    """Validate, ask the server what a deploy would change, and the steps whether they would be refused."""
    specs = [step.spec for step in run.plan.steps]
    found = precheck(run.client, run.config, specs, run.target, run.journal.target_of, lambda _: None)
    stays = run.plan.stays_of([step.name for step in run.plan.steps])
    found = replace(found, stays=tuple(step.name for step in stays))
    refused = refusals(run, stop)
    return replace(found, findings=(*found.findings, together(refused).message)) if refused else found
