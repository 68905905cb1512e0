"""The end of a run whose steps were called one by one: what became of it, sealed and told."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..config import Config
from ..errors import Failed, Refused, RollbackFailed, SternwayError, Stopped, Transient
from ..exits import Exit, exit_of
from ..journal.entries import Kind, Record
from ..journal.replay import Attempt, Status, Story, replay
from ..journal.writer import RunJournal, prune
from ..release.remedy import finish
from ..spec import Action
from .events import Listener, RunEnded, unfailing
from .location import open_journal, target_of
from .plan import Plan, make_plan
from .result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..session import Session

_MEANT: dict[str, type[SternwayError]] = {
    "refused": Refused,
    "transient": Transient,
    "failed": Failed,
    "stopped": Stopped,
}


def end_run(session: Session, config: Config, run: str, status: str, workflow: str, tell: Listener) -> Result:
    """Seal a run by what its journal says, and put an Event beside its Workflow.

    Args:
        session: where the journal is.
        config: the run's configuration.
        run: its id.
        status: how the runner saw the way forward end, as Argo's workflow.status.
        workflow: the Workflow's name, or "".
        tell: is told the end.

    Raises: Refused, Transient: the journal can't be read, or not be written now.

    """
    store, _ = open_journal(config, session.book)
    journal = RunJournal(store, run, target_of(config, session.book))
    records = journal.records()
    if not records:  # no step's process ever began: an image that can't be pulled, a deadline that was too short
        journal.start({"config": config.to_dict(), "stepwise": True})
        records = journal.records()
    plan = make_plan(config.steps, session.specs(config))
    stays = tuple(step.name for step in plan.stays_of(replay(records).changed()))
    result = replace(_result(run, plan, records, status), stays=stays)
    data: dict[str, Any] = {
        "status": result.status.value,
        "exit": int(result.exit_code),
        "error": str(result.error or ""),
    }
    data |= {"stays": list(result.stays)} if result.stays else {}
    try:
        journal.end({**data, "rollback_errors": [str(error) for error in result.rollback_errors]})
    except Transient:
        raise
    except SternwayError as unwritten:
        result = result.not_recorded(unwritten)
    ended = (result.status, int(result.exit_code), 0.0, result.error, result.rollback_errors, result.stays)
    unfailing(tell)(RunEnded(run, *ended, result.unrecorded))
    if workflow:
        _put_event(session, workflow, result)
    with suppress(SternwayError):  # what is not forgotten now is forgotten by the next run
        prune(store, journal.target, config.history)
    return result


def summary(result: Result) -> str:
    """Say in one paragraph how a run ended, and what is to be done."""
    lines = [f"run {result.run}: {result.status.value}"]
    if result.error is not None:
        lines.append(f"first error: {result.error}")
    lines += [f"rollback: {error}" for error in result.rollback_errors]
    lines += [f"what {name} did is irreversible and stays" for name in result.stays]
    lines += [str(result.unrecorded)] if result.unrecorded is not None else []
    if result.status is Status.ROLLBACK_FAILED:
        lines.append(str(finish(result.run, result.rollback_errors)))
    return "\n".join(lines)


def _result(run: str, plan: Plan, records: Sequence[Record], status: str) -> Result:
    story = replay(records)
    error = _first_error(plan, story, status)
    undone = story.undone()
    left = [step for step in plan.undo_of(story.begun()) if step.name not in undone]
    failures = tuple(_failure(story, step.name) for step in left)
    if failures:
        return Result(run, Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED, error, failures)
    code = exit_of(error)
    if code in (Exit.REFUSED, Exit.TRANSIENT):
        if not any(record.first(Kind.INTENT) for record in records):
            return Result(run, Status.REFUSED, code, error)
        code = Exit.FAILED
    return Result(run, Status.UNDONE, code, error)


def _first_error(plan: Plan, story: Story, status: str) -> Exception:
    for group in plan.groups:
        tries = [story.last(step.name) for step in group]
        for tried in tries:
            if tried is not None and tried.result != "done":
                return _error(tried)
        for step, tried in zip(group, tries, strict=True):
            if tried is None:
                return Stopped(f"the run ended before step {step.name} began (workflow: {status or 'unknown'})")
    return Stopped(f"every step succeeded, but the run was ended (workflow: {status or 'unknown'})")


def _error(tried: Attempt) -> Exception:
    if not tried.result:
        return Stopped(f"attempt {tried.number} of step {tried.step} was cut off")
    text = str(tried.data.get("error") or tried.result)
    return _MEANT.get(tried.result, RuntimeError)(text)


def _failure(story: Story, step: str) -> Exception:
    tries = [a for a in story.attempts if a.action is Action.ROLLBACK and a.step == step]
    data: Mapping[str, Any] = tries[-1].data if tries else {"error": "its rollback never began"}
    why = str(data.get("error") or "it was cut off")
    return RollbackFailed(f"{step}: {why}", details=data.get("details"))


def _put_event(session: Session, workflow: str, result: Result) -> None:
    """Put the summary where `kubectl describe workflow` shows it; the journal has it anyway."""
    from ..kube.api_error import ApiError

    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    namespace = session.book.namespace
    reference = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": workflow, "uid": result.run}
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        # One name for one run: a report that is made twice puts one Event.
        "metadata": {"name": f"{workflow}.sternway", "namespace": namespace},
        "involvedObject": {**reference, "namespace": namespace},
        "type": "Warning",
        "reason": "".join(word.title() for word in result.status.value.split("-")),
        "message": summary(result)[:1024],  # the API's own limit
        "source": {"component": "sternway"},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    try:
        session.book.create(event, manager="sternway")
    except ApiError as error:
        if error.conflict:
            return
        logging.getLogger("sternway").warning("no Event could be put beside Workflow %s: %s", workflow, error)
