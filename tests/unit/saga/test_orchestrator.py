"""The orchestrator with hand-made steps: no cluster, no real step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import Config, StepConfig
from sternway_steps.config.backoff import Backoff
from sternway_steps.errors import Abandoned, Failed, Refused, RollbackFailed, SternwayError, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.backends.files import FileStore
from sternway_steps.journal.replay import Status, replay
from sternway_steps.journal.step_journal import StepJournal
from sternway_steps.journal.writer import RunJournal
from sternway_steps.saga.events import Event, StepEnded, UndoStarted
from sternway_steps.saga.orchestrator import Orchestrator
from sternway_steps.saga.plan import PlannedStep, make_plan
from sternway_steps.saga.result import Result
from sternway_steps.step import Action, Context, Effects, Item, Outcome, Step, StepSpec

Act = Callable[[Context], Outcome | None]


class Made:
    """A step made of two functions; it writes down what was asked of it."""

    def __init__(
        self,
        name: str,
        diary: list[str],
        execute: Act | None = None,
        rollback: Act | None = None,
        effects: Effects = Effects.REVERSIBLE,
    ) -> None:
        self.spec = StepSpec(name, effects, needs_cluster=False)
        self._diary, self._execute, self._rollback = diary, execute, rollback

    def execute(self, context: Context) -> Outcome:
        self._diary.append(f"{self.spec.name} execute")
        if self.spec.effects is Effects.REVERSIBLE:
            context.journal.intent({"was": self.spec.name})
        return (self._execute and self._execute(context)) or Outcome("done")

    def rollback(self, context: Context) -> Outcome:
        self._diary.append(f"{self.spec.name} rollback")
        return (self._rollback and self._rollback(context)) or Outcome("undone")


def raises(error: BaseException, times: int = 99) -> Act:
    left = [times]

    def act(_: Context) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise error

    return act


def orchestrator(
    folder: Path,
    *steps: Step,
    stop: threading.Event | None = None,
    tell: Callable[[Event], None] = lambda _: None,
    run: str = "r1",
) -> Orchestrator:
    config = Config("t", steps=tuple(StepConfig(s.spec.name, s.spec.name) for s in steps))
    by_name = {step.spec.name: step for step in steps}
    plan = make_plan(config.steps, {name: step.spec for name, step in by_name.items()})
    stop = stop or threading.Event()

    def context_for(planned: PlannedStep, action: Action, record: StepJournal) -> Context:
        return Context(
            run=run, step=planned.name, attempt=record.key.attempt, config=config, options={}, journal=record,
            connect=lambda: pytest.fail("no cluster here"),
            stop=stop if action is Action.EXECUTE else threading.Event(),
        )  # fmt: skip

    journal = RunJournal(FileStore(folder), run, "t")
    return Orchestrator(plan, by_name, journal, context_for, tell, stop, Backoff(0.001, 0.001))


def walk(folder: Path, *steps: Step, **keys: Any) -> Result:
    return orchestrator(folder, *steps, **keys).run({"config": {}})


def test_all_steps_run_in_order(tmp_path: Path) -> None:
    diary: list[str] = []
    result = walk(tmp_path, Made("a", diary), Made("b", diary))
    assert (result.status, result.exit_code, diary) == (Status.SUCCEEDED, Exit.DONE, ["a execute", "b execute"])


def test_a_failure_is_undone_in_reverse_with_the_failed_steps_own_effects(tmp_path: Path) -> None:
    diary: list[str] = []
    result = walk(
        tmp_path, Made("a", diary), Made("look", diary, effects=Effects.NONE), Made("b", diary),
        Made("c", diary, raises(Failed("broken"))), Made("d", diary),
    )  # fmt: skip
    assert diary[4:] == ["c rollback", "b rollback", "a rollback"]
    assert (result.status, result.exit_code, str(result.error)) == (Status.UNDONE, Exit.FAILED, "broken")


def test_a_rollback_that_fails_stops_no_other_and_the_first_error_stays_first(tmp_path: Path) -> None:
    diary: list[str] = []
    result = walk(
        tmp_path, Made("a", diary), Made("b", diary, rollback=raises(RollbackFailed("stuck"))),
        Made("c", diary, rollback=raises(ValueError("a bug"))), Made("d", diary, raises(Failed("broken"))),
    )  # fmt: skip
    assert diary[-4:] == ["d rollback", "c rollback", "b rollback", "a rollback"]
    assert (result.status, result.exit_code) == (Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED)
    assert str(result.error) == "broken"
    assert [str(e).partition(" (")[0] for e in result.rollback_errors] == ["step c: ValueError: a bug", "stuck"]


@pytest.mark.parametrize(
    ("error", "touched", "status", "code"),
    [
        (Refused("no"), False, Status.REFUSED, Exit.REFUSED),
        (Refused("no"), True, Status.UNDONE, Exit.FAILED),
        (Transient("away"), False, Status.REFUSED, Exit.TRANSIENT),
        (Transient("away"), True, Status.UNDONE, Exit.FAILED),
        (KeyError("bug"), True, Status.UNDONE, Exit.BUG),
    ],
    ids=["refused first", "refused later", "transient first", "transient later", "bug"],
)
def test_exit_codes(tmp_path: Path, error: Exception, touched: bool, status: Status, code: Exit) -> None:
    diary: list[str] = []
    before = [Made("a", diary)] if touched else []
    result = walk(tmp_path, *before, Made("b", diary, raises(error), effects=Effects.NONE))
    assert (result.status, result.exit_code) == (status, code)


def test_what_is_transient_is_tried_again_and_told(tmp_path: Path) -> None:
    diary: list[str] = []
    told: list[Event] = []
    result = walk(tmp_path, Made("a", diary, raises(Transient("away"), times=2)), tell=told.append)
    assert (result.exit_code, diary) == (Exit.DONE, ["a execute"] * 3)
    ends = [event for event in told if isinstance(event, StepEnded)]
    assert [end.retry_in is None for end in ends] == [False, False, True]


def test_a_rollback_is_tried_again_too(tmp_path: Path) -> None:
    diary: list[str] = []
    result = walk(
        tmp_path, Made("a", diary, rollback=raises(Transient("away"), times=2)), Made("b", diary, raises(Failed("x")))
    )
    assert result.status is Status.UNDONE
    assert diary.count("a rollback") == 3


def test_a_stop_undoes(tmp_path: Path) -> None:
    diary: list[str] = []
    stop = threading.Event()

    def stopped(context: Context) -> None:
        stop.set()
        context.check()

    result = walk(tmp_path, Made("a", diary), Made("b", diary, stopped), Made("c", diary), stop=stop)
    assert (result.status, result.exit_code) == (Status.UNDONE, Exit.STOPPED)
    assert diary == ["a execute", "b execute", "b rollback", "a rollback"]


def test_who_is_told_to_leave_while_sealing_seals_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diary: list[str] = []
    write, told = StepJournal.end, [Abandoned()]

    def end(journal: StepJournal, data: Mapping[str, Any]) -> None:
        if told:
            raise told.pop()
        write(journal, data)

    monkeypatch.setattr(StepJournal, "end", end)
    assert walk(tmp_path, Made("a", diary)).status is Status.INTERRUPTED
    story = replay(FileStore(tmp_path).records("r1"))
    assert [(a.step, a.result) for a in story.attempts] == [("a", "done")]


def test_an_abandoned_undo_is_sealed_and_can_be_resumed(tmp_path: Path) -> None:
    diary: list[str] = []
    steps = Made("a", diary), Made("b", diary, raises(Failed("x")), rollback=raises(Abandoned(), times=1))
    result = walk(tmp_path, *steps)
    assert (result.status, result.exit_code) == (Status.INTERRUPTED, Exit.STOPPED)
    story = replay(FileStore(tmp_path).records("r1"))
    assert [(a.step, a.action, a.result) for a in story.attempts][-1] == ("b", Action.ROLLBACK, "stopped")
    again = orchestrator(tmp_path, *steps).undo()
    assert again.status is Status.UNDONE
    assert diary[-2:] == ["b rollback", "a rollback"]


def test_an_irreversible_step_is_named_when_the_undo_starts(tmp_path: Path) -> None:
    diary: list[str] = []
    told: list[Event] = []
    walk(
        tmp_path,
        Made("mail", diary, effects=Effects.IRREVERSIBLE),
        Made("b", diary, raises(Failed("x"))),
        tell=told.append,
    )
    [undo] = [event for event in told if isinstance(event, UndoStarted)]
    assert (undo.stays, undo.steps) == (("mail",), ("b",))


def test_a_journal_that_can_not_be_written_refuses_before_anything(tmp_path: Path) -> None:
    diary: list[str] = []
    (tmp_path / "r1").write_text("a file where a folder should be")
    with pytest.raises(Refused, match="can't be written"):
        walk(tmp_path, Made("a", diary))
    assert diary == []


def test_items_are_kept_of_a_step_that_fails(tmp_path: Path) -> None:
    diary: list[str] = []

    def some(context: Context) -> None:
        context.tell([Item("thing", "changed")])
        raise Failed("after one", details={"log": ["line"]})

    walk(tmp_path, Made("a", diary, some))
    attempt = replay(FileStore(tmp_path).records("r1")).attempts[0]
    assert attempt.data["items"] == [{"what": "thing", "result": "changed", "why": "", "fields": [], "needs": ""}]
    assert attempt.data["details"] == {"log": ["line"]}


def test_an_unknown_step_and_a_name_that_stands_twice_are_refused() -> None:
    specs = {"deploy": StepSpec("deploy")}
    with pytest.raises(Refused) as unknown:
        make_plan([StepConfig("deply", "deply")], specs)
    assert "did you mean 'deploy'" in str(unknown.value.remedy)
    with pytest.raises(Refused, match="stands twice"):
        make_plan([StepConfig("deploy", "deploy"), StepConfig("deploy", "deploy")], specs)


def test_a_listener_that_breaks_stops_neither_run_nor_undo(tmp_path: Path) -> None:
    diary: list[str] = []

    def breaks(_: Event) -> None:
        raise ValueError("no terminal")

    result = walk(tmp_path, Made("a", diary), Made("b", diary, raises(Failed("x"))), tell=breaks)
    assert (result.status, diary[-1]) == (Status.UNDONE, "a rollback")


def test_a_lost_lock_is_no_success_and_seals_nothing(tmp_path: Path) -> None:
    diary: list[str] = []
    lost = threading.Event()
    walked = orchestrator(tmp_path, Made("a", diary), Made("b", diary, lambda _: lost.set()))
    walked.lost = lost
    result = walked.run({"config": {}})
    assert (result.status, result.exit_code) == (Status.INTERRUPTED, Exit.TRANSIENT)
    assert "the lock of t was lost" in str(result.error)
    assert diary == ["a execute", "b execute"], "somebody else may be at work: nothing is undone either"
    assert replay(FileStore(tmp_path).records("r1")).status is Status.OPEN


def test_the_first_error_stays_first_when_the_lock_is_lost_in_the_undo(tmp_path: Path) -> None:
    diary: list[str] = []
    lost = threading.Event()
    steps = Made("a", diary, rollback=lambda _: lost.set()), Made("b", diary, raises(Failed("broken")))
    walked = orchestrator(tmp_path, *steps)
    walked.lost = lost
    result = walked.run({"config": {}})
    assert (result.status, result.exit_code, str(result.error)) == (Status.INTERRUPTED, Exit.TRANSIENT, "broken")
    assert "lock" in str(result.rollback_errors[0])
    assert replay(FileStore(tmp_path).records("r1")).status is Status.OPEN


def test_a_lost_lock_stops_the_undo_before_the_next_step(tmp_path: Path) -> None:
    diary: list[str] = []
    lost = threading.Event()
    steps = Made("a", diary), Made("b", diary, raises(Failed("broken")), rollback=lambda _: lost.set())
    walked = orchestrator(tmp_path, *steps)
    walked.lost = lost
    result = walked.run({"config": {}})
    assert diary == ["a execute", "b execute", "b rollback"], "whoever has the lock now undoes the rest"
    assert (result.status, result.exit_code) == (Status.INTERRUPTED, Exit.TRANSIENT)


def test_a_lock_lost_on_the_way_forward_lets_no_undo_begin(tmp_path: Path) -> None:
    diary: list[str] = []
    told: list[Event] = []
    lost = threading.Event()

    def loses(_: Context) -> None:
        lost.set()
        raise Failed("broken")

    walked = orchestrator(tmp_path, Made("a", diary), Made("b", diary, loses), tell=told.append)
    walked.lost = lost
    result = walked.run({"config": {}})
    assert (diary, str(result.error)) == (["a execute", "b execute"], "broken")
    assert [event for event in told if isinstance(event, UndoStarted)] == []


def test_a_lost_lock_ends_the_wait_for_the_next_try_of_a_rollback(tmp_path: Path) -> None:
    diary: list[str] = []
    lost = threading.Event()

    def away(_: Context) -> None:
        threading.Timer(0.05, lost.set).start()
        raise Transient("away")

    walked = orchestrator(tmp_path, Made("a", diary, raises(Failed("x")), rollback=away))
    walked.lost, walked.backoff = lost, Backoff(2, 2)
    assert walked.run({"config": {}}).status is Status.INTERRUPTED
    assert diary == ["a execute", "a rollback"], "nor is it tried once more"


def test_a_journal_that_can_not_be_read_is_a_rollback_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diary: list[str] = []

    def unreadable(_: Context) -> None:
        monkeypatch.setattr(RunJournal, "records", raises(Refused("no right", remedy="ask for it")))
        raise Refused("no")

    result = walk(tmp_path, Made("a", diary, unreadable, effects=Effects.NONE))
    assert (result.status, result.exit_code) == (Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED)
    assert [str(e) for e in result.rollback_errors] == ["nothing could be undone: no right"]
    assert str(result.error) == "no", "to say that nothing was touched takes proof"


def test_the_oldest_runs_are_forgotten_with_the_end_of_a_new_one(tmp_path: Path) -> None:
    diary: list[str] = []
    for run in ("r1", "r2", "r3"):
        orchestrator(tmp_path, Made("a", diary), run=run).run({"config": {}}, keep=2)
    store = FileStore(tmp_path)
    assert [head.key.run for head in store.heads("t")] == ["r2", "r3"]
    orchestrator(tmp_path, Made("a", diary), run="r2").undo()
    assert [head.key.run for head in store.heads("t")] == ["r2", "r3"], "an undo forgets none"


@pytest.mark.parametrize("error", [Transient("away"), Refused("full")], ids=["away", "full"])
def test_an_end_that_can_not_be_recorded_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: SternwayError
) -> None:
    def end(*_: object) -> None:
        raise error

    told: list[Event] = []
    diary: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(RunJournal, "end", end)
        for name, steps, status, code in (
            ("good", [Made("a", diary)], Status.SUCCEEDED, Exit.TRANSIENT),
            ("bad", [Made("a", diary, raises(Failed("x")))], Status.UNDONE, Exit.TRANSIENT),
            (
                "worse",
                [Made("a", diary, raises(Failed("x")), raises(RollbackFailed("stuck")))],
                Status.ROLLBACK_FAILED,
                Exit.ROLLBACK_FAILED,
            ),
        ):
            result = walk(tmp_path, *steps, run=name, tell=told.append)
            assert (result.status, result.exit_code) == (status, code)
            assert isinstance(result.unrecorded, Transient)
            assert told[-1].unrecorded is result.unrecorded  # type: ignore[union-attr]
    finished = orchestrator(tmp_path, Made("a", diary), run="good").finish()
    assert (finished.status, finished.exit_code, diary.count("a rollback")) == (Status.SUCCEEDED, Exit.DONE, 2)
    again = orchestrator(tmp_path, Made("a", diary), run="bad").finish()
    assert (again.status, again.exit_code, diary.count("a rollback")) == (Status.UNDONE, Exit.DONE, 3)


def test_a_run_whose_undo_was_asked_for_is_no_success(tmp_path: Path) -> None:
    diary: list[str] = []
    made = Made("a", diary)
    assert walk(tmp_path, made).status is Status.SUCCEEDED
    RunJournal(FileStore(tmp_path), "r1", "t").resume()  # and then the process died
    assert orchestrator(tmp_path, made).finish().status is Status.UNDONE
    assert diary == ["a execute", "a rollback"]


def test_a_journal_that_is_away_before_a_step_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diary: list[str] = []
    begin, away = RunJournal.begin, [Transient("away"), Transient("away")]

    def begins(journal: RunJournal, step: str, action: Action, end: str = "") -> StepJournal:
        if away:
            raise away.pop()
        return begin(journal, step, action, end)

    monkeypatch.setattr(RunJournal, "begin", begins)
    assert walk(tmp_path, Made("a", diary)).exit_code is Exit.DONE
    assert diary == ["a execute"]
