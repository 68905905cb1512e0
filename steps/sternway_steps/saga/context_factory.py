"""Makes the context of a step's attempt."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import Refused, SternwayError
from ..journal.entries import Kind, Record
from ..journal.replay import replay
from ..journal.step_journal import StepJournal
from ..spec import Action
from ..step import Context
from .assembly import AssembledRun
from .attempt import ContextFor
from .attempt_errors import first_error
from .late_writes import LateWrites
from .other_runs import other_runs
from .plan import Plan, PlannedStep

if TYPE_CHECKING:
    from ..kube.client import Client


def contexts(run: AssembledRun, *, stop: threading.Event, undo_stop: threading.Event | None = None) -> ContextFor:
    """Return the function that makes contexts; the deadline of the way forward counts from now.

    An undo is not stopped by what stopped the way forward: not by `stop`, not by the deadline. `undo_stop` stops it,
    and a deadline of its own that counts from its first attempt.
    """
    config, journal, plan = run.config, run.journal, run.plan
    end = time.monotonic() + config.deadline if config.deadline else None
    never = undo_stop or threading.Event()
    undo_ends: dict[str, float] = {}
    target_of = functools.cache(journal.target_of)
    late = LateWrites(run, lambda other: contexts(other, stop=stop, undo_stop=stop))
    giving = any(step.spec.hands_on for step in plan.steps)  # if none does, the journal is not read for it

    def undo_end(planned: PlannedStep) -> float:
        limit = planned.rollback_deadline or config.rollback_deadline
        return undo_ends.setdefault(planned.name, time.monotonic() + limit)

    def context_for(planned: PlannedStep, action: Action, record: StepJournal) -> Context:
        own = time.monotonic() + planned.deadline if planned.deadline else None
        forward = action is Action.EXECUTE
        whole = end if not planned.on else None  # what runs when the way forward is over has no part in its deadline
        records = functools.cache(journal.records)  # what earlier steps left does not change while this one works
        return Context(
            run=journal.run,
            mark=journal.mark,
            step=planned.name,
            attempt=record.key.attempt,
            config=config,
            options=planned.options,
            journal=record,
            connect=(lambda: run.client) if planned.spec.needs_cluster else _no_cluster,
            pipeline=tuple(step.spec for step in plan.all_steps),
            stop=stop if forward else never,
            target=journal.target,
            target_of=target_of,
            evidence_of=lambda kind: _evidence(plan, records, kind),
            others=lambda: other_runs(run.store, journal.run),
            of_target=lambda: other_runs(run.store, journal.run, journal.target),
            received=lambda: replay(records()).handed_on() if giving else {},
            cause=lambda: _cause(plan, records),
            undo_late=late.undo,
            fence=run.lock.fence,
            end=planned.end,
            deadline=min((t for t in (own, whole) if t is not None), default=None) if forward else undo_end(planned),
            own_deadline=planned.deadline if forward and own is not None and (whole is None or own < whole) else None,
        )

    return context_for


def _evidence(plan: Plan, records: Callable[[], Sequence[Record]], kind: str) -> list[Mapping[str, Any]]:
    names = {step.name for step in plan.steps if step.spec.name == kind}
    if not names:
        return []
    mine = (record for record in records() if record.key.step in names and record.key.action == Action.EXECUTE)
    found = (entry for record in mine for entry in record.entries if entry.kind is Kind.EVIDENCE)
    return [entry.data for entry in sorted(found, key=lambda entry: entry.time)]


def _cause(plan: Plan, records: Callable[[], Sequence[Record]]) -> str:
    """Return the first failure that the journal tells; "" for none, and when it can't be read."""
    with suppress(SternwayError):
        if found := records():
            error = first_error(plan, replay(found).attempts)
            return str(error).partition("\n")[0] if error is not None else ""
    return ""


def _no_cluster() -> Client:
    raise Refused("this step says that it needs no cluster, and asks for one", remedy="set needs_cluster in its spec")
