"""The verdict as a function: a plan and the attempts of a journal in, the end of a run out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sternway_steps.errors import Failed, Refused, RollbackFailed, SternwayError, Stopped, Transient
from sternway_steps.exits import Exit
from sternway_steps.journal.entries import Entry, Key, Kind, Record
from sternway_steps.journal.replay import Attempt, Status, replay
from sternway_steps.release.remedy import BY_HAND, CONFLICT, NEEDS, RECREATE, finish
from sternway_steps.saga.plan import Plan, PlannedStep
from sternway_steps.saga.result import Result
from sternway_steps.saga.verdict import (
    abandoned,
    as_recorded,
    by_exit_code,
    by_journal,
    cut_off,
    decide,
    lock_lost,
    staying,
    succeeded,
)  # fmt: skip
from sternway_steps.spec import Action, Effects, StepSpec

RUN = "r"
NAME = f"shop/{RUN}"


def plan(**effects: Effects) -> Plan:
    return Plan(tuple((PlannedStep(name, StepSpec(name, effect)),) for name, effect in effects.items()))


LOOK, BOTH, MAIL = Effects.NONE, Effects.REVERSIBLE, Effects.IRREVERSIBLE


def forward(step: str, result: str = "done", *, intended: bool = False, number: int = 1, **data: Any) -> Attempt:
    return Attempt(step, Action.EXECUTE, number, "", "", result, data, intended)


def back(step: str, result: str = "done", number: int = 1, **data: Any) -> Attempt:
    return Attempt(step, Action.ROLLBACK, number, "", "", result, data, intended=False)


@pytest.mark.parametrize("error", [Refused("no"), Transient("away")], ids=["refused", "transient"])
@pytest.mark.parametrize(
    ("attempts", "touched"),
    [
        ([], False),
        ([forward("a"), forward("b", "refused")], False),
        ([forward("a", intended=True), forward("b", "refused")], True),
        ([forward("a"), forward("b", "refused", intended=True)], True),
        ([forward("a", "transient", intended=True), forward("a", number=2)], True),
        ([forward("mail"), forward("b", "refused")], True),
        ([forward("mail", "refused")], False),
        ([Attempt("a", Action.ROLLBACK, 1, "", "", "done", {}, intended=True)], False),
    ],
    ids=[
        "nothing began", "done without an intent", "done with an intent", "an intent of its own", "of an earlier attempt",
        "an irreversible step is done", "an irreversible step was refused", "only an undo has an intent",
    ],
)  # fmt: skip
def test_it_is_refused_only_when_nothing_changed(error: SternwayError, attempts: list[Attempt], touched: bool) -> None:
    result = decide(RUN, plan(mail=MAIL, a=BOTH, b=LOOK), attempts, error, ())
    code = Exit.TRANSIENT if error.transient else Exit.REFUSED
    assert (result.status, result.exit_code) == ((Status.UNDONE, Exit.FAILED) if touched else (Status.REFUSED, code))
    assert result.error is error


@pytest.mark.parametrize(
    ("error", "code"),
    [(Failed("x"), Exit.FAILED), (Stopped("x"), Exit.STOPPED), (KeyError("x"), Exit.BUG), (None, Exit.DONE)],
    ids=["failed", "stopped", "bug", "asked for"],
)
@pytest.mark.parametrize("touched", [False, True])
def test_what_is_undone_ends_as_its_first_error_says(error: Exception | None, code: Exit, touched: bool) -> None:
    result = decide(RUN, plan(a=BOTH), [forward("a", intended=touched)], error, ())
    assert (result.status, result.exit_code, result.error) == (Status.UNDONE, code, error)


@pytest.mark.parametrize("error", [Refused("no"), Stopped("x"), KeyError("x"), None])
def test_what_could_not_be_put_back_is_the_end_whatever_came_first(error: Exception | None) -> None:
    failures = [RollbackFailed("stuck"), RollbackFailed("too")]
    result = decide(RUN, plan(a=BOTH, mail=MAIL), [forward("a"), forward("mail")], error, failures)
    assert result == Result(
        RUN, Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED, error, tuple(failures), stays=("mail",)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("attempts", "stays"),
    [
        ([], ()),
        ([forward("mail")], ("mail",)),
        ([forward("mail", "failed")], ("mail",)),
        ([forward("mail", "")], ("mail",)),
        ([forward("mail", "refused")], ()),
        ([forward("mail", "transient")], ()),
        ([forward("mail", "transient", intended=True)], ("mail",)),
        ([forward("mail", "transient", intended=True), forward("mail", "refused", number=2)], ("mail",)),
        ([forward("a"), forward("look"), back("mail")], ()),
        ([forward("post"), forward("mail")], ("mail", "post")),
    ],
)
def test_what_stays(attempts: list[Attempt], stays: tuple[str, ...]) -> None:
    steps = plan(look=LOOK, a=BOTH, mail=MAIL, post=MAIL)
    assert staying(steps, attempts) == stays
    assert decide(RUN, steps, attempts, Failed("x"), ()).stays == stays
    assert decide(RUN, steps, attempts, None, ()).stays == stays


def story(*attempts: Attempt, head: Sequence[Entry] = ()) -> Any:
    """Return the story that a journal with such attempts tells."""
    began = Entry(Kind.RUN_STARTED, {"target": "t"}, "2026-11-24T10:00:00+00:00")
    records = [Record(Key(RUN), (began, *head))]
    for attempt in attempts:
        entries = [Entry(Kind.STEP_BEGAN, time=f"2026-11-24T10:00:0{len(records)}+00:00")]
        if attempt.intended:
            entries.append(Entry(Kind.INTENT))
        if attempt.result:
            entries.append(Entry(Kind.STEP_ENDED, {"result": attempt.result, **attempt.data}))
        records.append(Record(Key(RUN, attempt.step, attempt.action.value, attempt.number), tuple(entries)))
    return replay(records)


def ended(**data: Any) -> list[Entry]:
    return [Entry(Kind.RUN_ENDED, data, "2026-11-24T10:01:00+00:00")]


def test_step_by_step_a_refusal_after_a_change_is_no_refusal() -> None:
    steps = plan(a=BOTH, b=LOOK)
    told = story(forward("a", intended=True), forward("b", "refused", error="no"), back("a"))
    result = by_journal(steps, told, "Failed")
    assert (result.status, result.exit_code, str(result.error)) == (Status.UNDONE, Exit.FAILED, "no")
    untouched = by_journal(steps, story(forward("a"), forward("b", "refused", error="no"), back("a")), "Failed")
    assert (untouched.status, untouched.exit_code) == (Status.REFUSED, Exit.REFUSED)


def test_step_by_step_errors_are_told_in_full() -> None:
    remedies = {"remedy": "open the port", "details": {"log": ["line"]}}
    told = story(
        forward("a", intended=True), forward("b", "failed", intended=True, error="no route", **remedies),
        back("b", "rollbackfailed", error="stuck", remedy="by hand", details={NEEDS: [CONFLICT]}), back("a", "transient", error="away"),
    )  # fmt: skip
    result = by_journal(plan(a=BOTH, b=BOTH), told, "Failed")
    assert (result.status, result.exit_code) == (Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED)
    first, stuck, away = result.error, *result.rollback_errors
    assert isinstance(first, Failed)
    assert (str(first), first.remedy, first.details) == ("no route", "open the port", {"log": ["line"]})
    assert isinstance(stuck, RollbackFailed)
    assert (str(stuck), stuck.remedy, stuck.details) == ("stuck", "by hand", {NEEDS: [CONFLICT]})
    assert (type(away), str(away)) == (RollbackFailed, "a: away")


@pytest.mark.parametrize(
    ("attempts", "text"),
    [
        ([], "before step a began"),
        ([forward("a")], "before step b began"),
        ([forward("a"), forward("b", "")], "attempt 1 of step b was cut off"),
        ([forward("a"), forward("b", "failed", error="first"), forward("b", "", number=2)], "attempt 2 of step b was"),
        ([forward("a"), forward("b")], "every step succeeded, but the run was ended"),
    ],
)
def test_step_by_step_an_end_without_an_error_says_how_far_it_came(attempts: list[Attempt], text: str) -> None:
    result = by_journal(plan(a=LOOK, b=BOTH), story(*attempts, back("b")), "Failed")
    assert (result.status, result.exit_code) == (Status.UNDONE, Exit.STOPPED)
    assert text in str(result.error)


def test_the_last_attempt_is_that_of_the_highest_number_whatever_the_clocks_say() -> None:
    told = story(forward("a", number=2), forward("a", "transient", number=1, error="away"), forward("b", "failed", error="x"))  # fmt: skip
    assert str(by_journal(plan(a=LOOK, b=LOOK), told, "Failed").error) == "x"


def test_step_by_step_what_was_not_rolled_back_is_named_in_the_order_of_the_undo() -> None:
    told = story(forward("a", intended=True), forward("b", intended=True), forward("c", "failed", error="x"), back("b", ""), back("c"))  # fmt: skip
    result = by_journal(plan(a=BOTH, b=BOTH, c=BOTH), told, "Failed")
    assert [str(e) for e in result.rollback_errors] == ["b: it was cut off", "a: its rollback never began"]


@pytest.mark.parametrize(
    ("phase", "attempts", "status"),
    [
        ("", [forward("a", intended=True)], Status.SUCCEEDED),
        ("Succeeded", [forward("a", intended=True)], Status.SUCCEEDED),
        ("Failed", [forward("a", intended=True)], Status.ROLLBACK_FAILED),
        ("Error", [forward("a", intended=True), back("a")], Status.UNDONE),
        ("", [forward("a", intended=True), back("a")], Status.UNDONE),
    ],
)
def test_a_report_of_what_is_done_does_not_take_it_for_undone(
    phase: str, attempts: list[Attempt], status: Status
) -> None:
    assert by_journal(plan(a=BOTH), story(*attempts), phase).status is status


def test_a_recorded_end_is_told_with_what_its_attempts_say() -> None:
    attempts = [
        forward("a", intended=True), forward("b", "failed", error="x", remedy="so"),
        back("a", "rollbackfailed", error="stuck", details={NEEDS: [RECREATE]}),
    ]  # fmt: skip
    head = ended(status="rollback-failed", exit=5, error="x", rollback_errors=["stuck"], stays=["mail"])
    result = as_recorded(plan(a=BOTH, b=LOOK), story(*attempts, head=head))
    assert (result.status, result.exit_code, result.stays) == (Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED, ("mail",))
    assert (str(result.error), getattr(result.error, "remedy", None)) == ("x", "so")
    assert finish(RUN, result.rollback_errors).command == f"sternway rollback {RUN} {RECREATE}"
    bare = as_recorded(plan(a=BOTH, b=LOOK), story(head=head))
    assert ([str(e) for e in bare.rollback_errors], type(bare.error), str(bare.error)) == (["stuck"], Stopped, "x")


def test_a_recorded_success_and_an_undo_that_was_asked_for_have_no_error() -> None:
    good = as_recorded(plan(a=BOTH), story(forward("a"), head=ended(status="succeeded", exit=0, rollback_errors=[])))
    assert good == succeeded(RUN)
    undone = as_recorded(plan(a=BOTH), story(forward("a"), back("a"), head=ended(status="undone", exit=0)))
    assert undone == Result(RUN, Status.UNDONE, Exit.DONE)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (0, Status.SUCCEEDED), (3, Status.REFUSED), (75, Status.REFUSED), (4, Status.UNDONE), (5, Status.ROLLBACK_FAILED),
        (70, Status.UNDONE), (143, Status.UNDONE), (137, Status.UNDONE),
    ],
)  # fmt: skip
def test_an_exit_code_tells_the_status(code: int, status: Status) -> None:
    attempts = [
        forward("mail"),
        forward("a", "failed", error="exit code 4"),
        back("a", "rollbackfailed", error="code 5"),
    ]
    result = by_exit_code(RUN, plan(mail=MAIL, a=BOTH), attempts, code, "the Workflow failed")
    assert result.status is status
    assert result.exit_code == (Exit.FAILED if code == 137 else code)
    assert (str(result.error) if result.error else None) == (None if code == 0 else "exit code 4")
    assert [str(e) for e in result.rollback_errors] == (["code 5"] if code == 5 else [])
    assert result.stays == (("mail",) if status in (Status.UNDONE, Status.ROLLBACK_FAILED) else ())


def test_a_caller_that_is_gone_leaves_what_was_not_undone() -> None:
    steps = plan(mail=MAIL, a=BOTH, b=BOTH)
    begun = [forward("mail"), forward("a", intended=True), forward("b", intended=True)]
    result = cut_off(RUN, steps, begun, "it was deleted", NAME)
    assert (result.status, result.exit_code, result.stays) == (Status.INTERRUPTED, Exit.ROLLBACK_FAILED, ("mail",))
    (failure,) = result.rollback_errors
    assert (str(failure), getattr(failure, "remedy", "")) == ("not undone: b, a", f"sternway rollback {NAME}")
    assert isinstance(result.error, Stopped)
    over = cut_off(RUN, steps, [*begun, back("b"), back("a")], "it was deleted", NAME)
    assert (over.status, over.exit_code, over.stays) == (Status.UNDONE, Exit.STOPPED, ("mail",))
    assert "nothing is left" in str(over.error)


@pytest.mark.parametrize(
    ("needs", "command"),
    [
        ([[CONFLICT], None], f"sternway rollback {NAME} --on-conflict merge"),
        ([[CONFLICT], [RECREATE]], f"sternway rollback {NAME} --recreate --on-conflict merge"),
        ([[BY_HAND], None], f"sternway rollback {NAME}"),
    ],
)
def test_a_caller_that_is_gone_leaves_a_command_with_what_it_needs(needs: list[Any], command: str) -> None:
    begun = [forward("a", intended=True), forward("b", intended=True)]
    tried = [
        back(step, "rollbackfailed", error="x", details={NEEDS: need})
        for step, need in zip("ab", needs, strict=True)
        if need
    ]
    (failure,) = cut_off(RUN, plan(a=BOTH, b=BOTH), [*begun, *tried], "it was deleted", NAME).rollback_errors
    assert getattr(failure, "remedy", "") == command
    assert finish(NAME, [failure]).command == command


@pytest.mark.parametrize(
    ("error", "first"), [(None, Transient), (Stopped("x"), Transient), (Failed("broken"), Failed)], ids=str
)
def test_a_lost_lock_is_no_end(error: Exception | None, first: type[Exception]) -> None:
    result = lock_lost(Result(RUN, Status.UNDONE, Exit.FAILED, error), "shop.web", NAME)
    assert (result.status, result.exit_code, type(result.error)) == (Status.INTERRUPTED, Exit.TRANSIENT, first)
    said = [str(e) for e in (result.error, *result.rollback_errors)]
    assert ["the lock of shop.web was lost" in text for text in said] == (
        [True] if first is Transient else [False, True]
    )
    assert lock_lost(result, "shop.web", NAME) is result, "it is said once"
    left = abandoned(RUN)
    assert lock_lost(left, "shop.web", NAME) is left
    assert (left.status, left.exit_code) == (Status.INTERRUPTED, Exit.STOPPED)
