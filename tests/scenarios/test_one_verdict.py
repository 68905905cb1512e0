"""One journal, one verdict: a run in one process, one made step by step, and who follows that end and tell alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import Config, StepConfig
from sternway_steps.config.argo import ArgoConfig
from sternway_steps.config.schema import JournalConfig
from sternway_steps.errors import Bug, Failed, Refused, RollbackFailed, SternwayError, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status, replay
from sternway_steps.release.remedy import CONFLICT, NEEDS
from sternway_steps.saga.event_json import to_json
from sternway_steps.saga.events import Event, RunEnded, UndoStarted
from sternway_steps.saga.plan import PlannedStep, make_plan
from sternway_steps.saga.result import as_rollback_failure
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.step import Action, Context, Effects, Outcome, StepSpec

RUN = "w-1"


class NotReady(Refused):
    """A refusal of another package's own."""


class Busy(Transient):
    """What may pass, in the words of another package."""


@dataclass(frozen=True)
class Made:
    """A step as a test wants it: whether it records an intent, and what it raises."""

    name: str
    effects: Effects = Effects.REVERSIBLE
    intends: bool = False
    error: Exception | None = None
    back: Exception | None = None

    @property
    def spec(self) -> StepSpec:
        return StepSpec(self.name, self.effects, needs_cluster=False)

    def execute(self, context: Context) -> Outcome:
        if self.intends:
            context.journal.intent({"of": self.name})
        if self.error is not None:
            raise self.error
        return Outcome("done")

    def rollback(self, context: Context) -> Outcome:
        if self.back is not None:
            raise self.back
        return Outcome("undone")


@dataclass(frozen=True)
class Case:
    steps: tuple[Made, ...]
    status: Status
    code: Exit
    stays: tuple[str, ...] = ()
    announced: tuple[str, ...] = field(default=())
    """What is announced to stay when the undo begins."""


MAIL = {"effects": Effects.IRREVERSIBLE}
LOUD = Failed("no route", remedy="open the port", details={"log": ["line"], "pod": "web-1"})
STUCK = RollbackFailed("1 of 2 objects stays", remedy="--on-conflict merge", details={NEEDS: [CONFLICT]})
CASES = {
    "done without an intent, then refused": Case(
        (Made("a"), Made("b", error=Refused("no"))), Status.REFUSED, Exit.REFUSED
    ),
    "done with an intent, then refused": Case(
        (Made("a", intends=True), Made("b", error=Refused("no"))), Status.UNDONE, Exit.FAILED
    ),
    "refused after its own intent": Case((Made("a", intends=True, error=Refused("no")),), Status.UNDONE, Exit.FAILED),
    "irreversible and done, then refused": Case(
        (Made("mail", **MAIL), Made("b", error=Refused("no"))), Status.UNDONE, Exit.FAILED, ("mail",), ("mail",)
    ),
    "irreversible and refused": Case((Made("mail", **MAIL, error=Refused("no")),), Status.REFUSED, Exit.REFUSED),
    "irreversible and refused after a change": Case(
        (Made("a", intends=True), Made("mail", **MAIL, error=Refused("no"))), Status.UNDONE, Exit.FAILED
    ),
    "irreversible, and away before its intent": Case(
        (Made("mail", **MAIL, error=Transient("away")),), Status.REFUSED, Exit.TRANSIENT
    ),
    "irreversible, and away after its intent": Case(
        (Made("mail", **MAIL, intends=True, error=Transient("away")),), Status.UNDONE, Exit.FAILED, ("mail",), ("mail",)
    ),
    "irreversible and failed": Case(
        (Made("mail", **MAIL, error=Failed("half")),), Status.UNDONE, Exit.FAILED, ("mail",), ("mail",)
    ),
    "refused in another package's word": Case((Made("a", error=NotReady("no")),), Status.REFUSED, Exit.REFUSED),
    "away in another package's word": Case((Made("a", error=Busy("later")),), Status.REFUSED, Exit.TRANSIENT),
    "failed, with remedy and details": Case((Made("a", intends=True, error=LOUD),), Status.UNDONE, Exit.FAILED),
    "an undo that fails, with remedy and details": Case(
        (Made("a", intends=True, back=STUCK), Made("b", error=LOUD)), Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED
    ),
    "an undo that fails without a change": Case(
        (Made("a", back=Failed("no way", remedy="by hand")), Made("b", error=Refused("no"))),
        Status.ROLLBACK_FAILED,
        Exit.ROLLBACK_FAILED,
    ),
    "a bug": Case((Made("a", intends=True, error=KeyError("x")),), Status.UNDONE, Exit.BUG),
    "a bug of an undo": Case(
        (Made("a", intends=True, back=KeyError("x")), Made("b", error=LOUD)),
        Status.ROLLBACK_FAILED,
        Exit.ROLLBACK_FAILED,
    ),
    "all done": Case((Made("a", intends=True), Made("b")), Status.SUCCEEDED, Exit.DONE),
}


@dataclass
class Told:
    """How a run ended, and what was announced when its undo began."""

    ended: Any
    announced: tuple[str, ...] | None


@pytest.fixture
def session(sternway_sandbox: Sandbox) -> Iterator[Session]:
    with Session(kubeconfig=sternway_sandbox.kubeconfig, steps={}) as session:
        yield session


def config(folder: Path, case: Case) -> Config:
    steps = tuple(StepConfig(step.name, step.name, retries=0) for step in case.steps)
    return Config("t", steps=steps, journal=JournalConfig(store="file", path=str(folder)), argo=ArgoConfig())


def in_one_process(session: Session, config: Config) -> Told:
    events: list[Event] = []
    session.run(config, events.append, run=RUN)
    return told(events)


def step_by_step(session: Session, config: Config) -> Told:
    """Call the steps as the WorkflowTemplate does: forward to the first that fails, then all back, and the report."""
    events: list[Event] = []
    for step in session.steps:
        if session.step(config, step, Action.EXECUTE, RUN, lambda _: None, "workflow").exit_code != Exit.DONE:
            break
    else:
        story = replay(session.locate(config).store.records(RUN))
        return Told({"status": story.status, "exit_code": Exit.DONE}, None)
    for step in reversed(list(session.steps)):
        session.step(config, step, Action.ROLLBACK, RUN, lambda _: None, "workflow")
    session.end(config, RUN, "Failed", "", events.append)
    return told(events)


def followed(session: Session, config: Config) -> Told:
    """Make it step by step, and tell it by its journal as `submit --wait` does."""
    pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
    from sternway_templates.submit.ending import ending
    from sternway_templates.submit.events import EventEmitter

    step_by_step(session, config)
    events: list[Event] = []
    plan, records = make_plan(config.steps, session.specs(config)), session.locate(config).store.records(RUN)
    failed = replay(records).status is not Status.SUCCEEDED
    EventEmitter(plan, events.append, config.argo).update(replay(records).attempts, "failed" if failed else None, {})
    workflow = {"metadata": {"name": "w", "uid": RUN}, "status": {"phase": "Failed" if failed else "Succeeded"}}
    events.append(ending(RUN, plan, records, workflow, False, 0.0))
    return told(events)


def told(events: list[Event]) -> Told:
    (ended,) = [event for event in events if isinstance(event, RunEnded)]
    undo = [event for event in events if isinstance(event, UndoStarted)]
    return Told({**to_json(ended), "seconds": 0.0}, undo[0].stays if undo else None)


@pytest.fixture(params=[in_one_process, step_by_step, followed], ids=lambda runner: runner.__name__)
def runner(request: pytest.FixtureRequest) -> Callable[[Session, Config], Told]:
    made: Callable[[Session, Config], Told] = request.param
    return made


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_run_ends_alike(
    case: Case, session: Session, tmp_path: Path, runner: Callable[[Session, Config], Told]
) -> None:
    session.steps = _steps(case)
    got = runner(session, config(tmp_path, case))
    assert (got.ended["status"], got.ended["exit_code"]) == (case.status, case.code)
    if case.status is Status.SUCCEEDED:
        return
    assert tuple(got.ended["stays"]) == case.stays
    if got.announced is not None:
        assert got.announced == case.announced
    first = next(step.error for step in case.steps if step.error is not None)
    base = next((kind for kind in (Refused, Transient, Failed) if isinstance(first, kind)), type(first))
    failed = next(step.name for step in case.steps if step.error is not None)
    assert _told({**got.ended["error"], "kind": base.__name__}) == {
        **to_json(_as_told(failed, first)),
        "kind": base.__name__,
    }
    assert list(map(_told, got.ended["rollback_errors"])) == [
        to_json(as_rollback_failure(PlannedStep(step.name, step.spec), _as_told(step.name, step.back)))
        for step in case.steps
        if step.back is not None
    ]


def _steps(case: Case) -> Any:
    from sternway_steps.registry.steps import Steps

    return Steps({step.name: step for step in case.steps}, tuple)


def _as_told(step: str, error: Exception) -> Exception:
    """Return an error of a step as the runners tell it, but for the place of a bug."""
    if isinstance(error, SternwayError):
        return error
    return Bug(f"step {step}: {type(error).__name__}: {error}", type(error).__name__)


def _told(error: Mapping[str, Any]) -> dict[str, Any]:
    place = rf" \({re.escape(__name__)}, line \d+, in (execute|rollback)\)$"
    return {**error, "message": re.sub(place, "", error["message"])}
