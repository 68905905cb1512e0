"""Checks of a step's execution."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ..errors import Refused, SternwayError, Stopped, Transient, kind_of, with_kind
from ..kube.api_error import ApiError
from ..saga.attempt import Attempted
from ..step import Action, Effects, Outcome
from .lab import Lab, fail
from .points import Points, outside
from .trial import Trial

_FEW = 12


def does_what_it_is_for(lab: Lab) -> None:
    """It succeeds, and what it leaves is what its spec says: a change, or none."""
    before, trial = lab.state(), lab.trial()
    done = lab.with_retries(trial, Action.EXECUTE)
    lab.must_succeed(done, "execute")
    if not isinstance(done.outcome, Outcome):
        fail(f"execute gave {done.outcome!r} instead of an Outcome")
    if unknown := sorted(set(done.outcome.hands_on) - set(lab.spec.hands_on)):
        fail(f"it hands on {', '.join(unknown)}, which spec.hands_on does not name")
    changed = lab.state() != before
    if lab.spec.effects is Effects.NONE and changed:
        fail("its spec says that it has no effects (Effects.NONE), and it changed the state")
    if lab.spec.effects is not Effects.NONE and not changed:
        fail("it changed nothing: let state() look at all that it may change, and prepare() leave it something to do")
    lab.must_be_undone(trial, before, "after all of it")


def is_undone_wherever_it_is_cut(lab: Lab) -> None:
    """At whatever point its process dies, its intent was in the journal first, and the rollback restores the state."""
    before = lab.state()
    for number, what in lab.points(Action.EXECUTE):
        trial = lab.trial()
        lab.cut(trial, Action.EXECUTE, number)
        if lab.spec.effects is Effects.REVERSIBLE and not trial.intended() and lab.state() != before:
            fail(f"cut {what}: it had changed something, and no intent was in the journal: journal.intent comes first")
        lab.must_be_undone(trial, before, f"cut {what}")


def is_undone_after_a_retry(lab: Lab) -> None:
    """An attempt that was cut off is retried; the rollback goes back to before the first attempt."""
    before = lab.state()
    for number, what in lab.points(Action.EXECUTE, _FEW):
        trial = lab.trial()
        lab.cut(trial, Action.EXECUTE, number)
        lab.must_succeed(lab.with_retries(trial, Action.EXECUTE), f"cut {what}, and executed again")
        lab.must_be_undone(trial, before, f"cut {what}, and executed again")


def stops_when_it_is_asked_to(lab: Lab) -> None:
    """Asked to stop once its intent is in the journal, it changes nothing more."""
    before, trial, stop = lab.state(), lab.trial(), threading.Event()
    done = trial.act(Action.EXECUTE, _after_its_intent(lab, stop), stop=stop)
    _must_have_stopped(lab, trial, before, done, "somebody asked it to stop")


def keeps_its_deadline(lab: Lab) -> None:
    """When its deadline passes once its intent is in the journal, it changes nothing more."""
    before, trial, late = lab.state(), lab.trial(), threading.Event()
    done = trial.act(Action.EXECUTE, _after_its_intent(lab, late), late=late)
    _must_have_stopped(lab, trial, before, done, "its deadline passed")


def _after_its_intent(lab: Lab, event: threading.Event) -> Points:
    """Set an event right before the first change."""
    first = "after intent" if lab.spec.effects is Effects.REVERSIBLE else "line"
    return Points(lambda _, what: what.startswith(first), lambda _: event.set())


def _must_have_stopped(lab: Lab, trial: Trial, before: Any, done: Attempted, why: str) -> None:
    if lab.spec.effects is not Effects.NONE and not isinstance(done.error, Stopped):
        fail(f"{why} before its first change, and it went on: call context.check() before each change")
    if lab.spec.effects is not Effects.NONE and lab.state() != before:
        fail(f"{why} before its first change, and it changed something")
    if done.error is not None and not isinstance(done.error, Stopped):
        fail(f"{why}, and it raised {kind_of(done.error)}: {done.error}")
    lab.must_be_undone(trial, before, "stopped after its intent")


def fails_in_one_of_four_ways(lab: Lab) -> None:
    """An error is raised as one of the contract's; Refused promises that nothing was changed."""
    before = lab.state()
    for number, what in list(lab.points(Action.EXECUTE, _FEW)):
        for hurdle in hurdles(what):
            trial = lab.trial()
            done = trial.act(Action.EXECUTE, Points(lambda n, _, number=number: n == number, hurdle))  # type: ignore[misc]
            must_be_one_of_four(done.error, what)
            if isinstance(done.error, Refused) and lab.state() != before:
                fail(f"{what} went wrong: it raised Refused, which promises that nothing was changed, and it had")
            lab.must_be_undone(trial, before, f"{what} went wrong")


def hurdles(what: str) -> list[Callable[[str], None]]:
    """Return what can go wrong at a point, before the journal or the cluster does what it is asked."""
    if not outside(what) or not what.startswith("before"):
        return []
    if what.endswith("journal"):
        return [_away]
    return [_unavailable, _forbidden]


def must_be_one_of_four(error: Exception | None, what: str) -> None:
    """Fail the test for an error that is none of the contract's."""
    if error is not None and not isinstance(error, SternwayError):
        kinds = "Refused, Transient, Failed or RollbackFailed"
        fail(f"{what} went wrong: {with_kind(error)}, which is none of {kinds}")


def _away(_what: str) -> None:
    raise Transient("the journal is away (a test's hurdle)")


def _unavailable(what: str) -> None:
    _, method, path = what.split(" ", 2)
    raise ApiError(method, path, 503, "ServiceUnavailable", "a test's hurdle")


def _forbidden(what: str) -> None:
    _, method, path = what.split(" ", 2)
    raise ApiError(method, path, 403, "Forbidden", "a test's hurdle")
