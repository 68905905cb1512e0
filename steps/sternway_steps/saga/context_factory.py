"""What a step is given, for an attempt and for the question whether it would be refused."""

from __future__ import annotations

import functools
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..config import Config
from ..errors import Refused, Transient
from ..journal.entries import Kind, Record
from ..journal.replay import replay
from ..journal.writer import RunJournal, StepJournal
from ..spec import Action
from ..step import Checks, Context, Step
from .attempt import ContextFor
from .plan import Plan, PlannedStep

if TYPE_CHECKING:
    from ..kube.client import Client


def contexts(
    client: Client,
    config: Config,
    journal: RunJournal,
    plan: Plan,
    *,
    stop: threading.Event,
    undo_stop: threading.Event | None,
) -> ContextFor:
    """Give what makes the context of a step's attempt; the deadline of the way forward counts from now.

    An undo is not stopped by what stopped the way forward: not by `stop`, not by the deadline. `undo_stop` stops it.
    """
    end = time.monotonic() + config.deadline if config.deadline else None
    never = undo_stop or threading.Event()
    target_of = functools.cache(journal.target_of)
    giving = any(step.spec.hands_on for step in plan.steps)  # if none does, the journal is not read for it

    def context_for(planned: PlannedStep, action: Action, record: StepJournal) -> Context:
        own = time.monotonic() + planned.deadline if planned.deadline else None
        forward = action is Action.EXECUTE
        records = functools.cache(journal.records)  # what earlier steps left does not change while this one works
        return Context(
            run=journal.run,
            step=planned.name,
            attempt=record.key.attempt,
            config=config,
            options=planned.options,
            journal=record,
            connect=(lambda: client) if planned.spec.needs_cluster else _no_cluster,
            pipeline=tuple(step.spec for step in plan.steps),
            stop=stop if forward else never,
            target=journal.target,
            target_of=target_of,
            evidence_of=lambda kind: _evidence(plan, records, kind),
            received=lambda: replay(records()).handed_on() if giving else {},
            deadline=min((t for t in (own, end) if t is not None), default=None) if forward else None,
        )

    return context_for


def refusals(plan: Plan, steps: Mapping[str, Step], context_for: ContextFor, journal: RunJournal) -> list[Refused]:
    """Ask all steps whether they would be refused; raises Transient when one can't tell now, and none is for sure."""
    unsure: Transient | None = None
    findings = [
        Refused(f"step {step.name} needs the program {program}, which is not on PATH", remedy="install it")
        for step in plan.steps
        for program in step.spec.programs
        if shutil.which(program) is None
    ]
    for planned in plan.steps:
        try:
            step = steps[planned.spec.name]
            if isinstance(step, Checks):
                step.check(context_for(planned, Action.EXECUTE, journal.unwritten(planned.name)))
        except Refused as bad:
            findings.append(bad)
        except Transient as away:
            unsure = away
    if unsure is not None and not findings:
        raise unsure
    return findings


def _evidence(plan: Plan, records: Callable[[], Sequence[Record]], kind: str) -> list[Mapping[str, Any]]:
    names = {step.name for step in plan.steps if step.spec.name == kind}
    if not names:
        return []
    mine = (record for record in records() if record.key.step in names and record.key.action == Action.EXECUTE)
    found = (entry for record in mine for entry in record.entries if entry.kind is Kind.EVIDENCE)
    return [entry.data for entry in sorted(found, key=lambda entry: entry.time)]


def _no_cluster() -> Client:
    raise Refused("this step says that it needs no cluster, and asks for one", remedy="set needs_cluster in its spec")
