"""Checks of a step's rollback."""

from __future__ import annotations

import threading

from ..errors import is_transient, with_kind
from ..saga.attempt import Attempted
from ..step import Action, Effects
from . import process
from .execution import hurdles, must_be_one_of_four
from .lab import Lab, fail
from .points import Points, outside, sample

_FEW = 12
_PROCESSES = 3
_WAIT = 10.0


def has_nothing_to_undo_when_nothing_ran(lab: Lab) -> None:
    """Rolling back a step that never began succeeds and changes nothing: a handler may do that."""
    before = lab.state()
    lab.must_succeed(lab.trial().act(Action.ROLLBACK), "rollback of what never ran")
    if (now := lab.state()) != before:
        fail(f"a rollback of what never ran changed something: there is {now!r} instead of {before!r}")


def can_be_rolled_back_twice(lab: Lab) -> None:
    """A second rollback succeeds, and leaves the state as before."""
    if lab.spec.effects is not Effects.REVERSIBLE:
        return
    before, trial = lab.state(), lab.executed()
    lab.must_be_undone(trial, before, "rolled back once")
    lab.must_be_undone(trial, before, "rolled back a second time")


def can_be_rolled_back_by_two_at_once(lab: Lab) -> None:
    """Another process does the whole rollback while this one is under way, at any point."""
    if lab.spec.effects is not Effects.REVERSIBLE:
        return
    before = lab.state()
    for number, what in list(lab.points(Action.ROLLBACK)):
        trial = lab.executed()
        others: list[Attempted] = []
        other = threading.Thread(target=lambda t, o: o.append(t.act(Action.ROLLBACK)), args=(trial, others))

        def meanwhile(_what: str, other: threading.Thread = other) -> None:
            other.start()
            other.join(_WAIT)  # one that waits for us is let go on

        mine = trial.act(Action.ROLLBACK, Points(lambda n, _, number=number: n == number, meanwhile))  # type: ignore[misc]
        if other.ident is not None:
            other.join(_WAIT)
        for done in (mine, *others):
            if done.error is not None and not is_transient(done.error):
                fail(f"two rollbacks at once, one while the other was {what}: {with_kind(done.error)}")
        lab.must_be_undone(trial, before, f"two rollbacks at once, one while the other was {what}")


def is_finished_by_the_next_rollback(lab: Lab) -> None:
    """A rollback that was cut off at any point is finished by the next one."""
    if lab.spec.effects is not Effects.REVERSIBLE:
        return
    before = lab.state()
    for number, what in lab.points(Action.ROLLBACK):
        trial = lab.executed()
        lab.cut(trial, Action.ROLLBACK, number)
        lab.must_be_undone(trial, before, f"a rollback cut {what}, and a second one")


def fails_back_in_one_of_four_ways(lab: Lab) -> None:
    """An error in the midst of a rollback is raised as one of the contract's, and the next rollback finishes."""
    if lab.spec.effects is not Effects.REVERSIBLE:
        return
    before = lab.state()
    for number, what in list(lab.points(Action.ROLLBACK, _FEW)):
        for hurdle in hurdles(what):
            trial = lab.executed()
            done = trial.act(Action.ROLLBACK, Points(lambda n, _, number=number: n == number, hurdle))  # type: ignore[misc]
            must_be_one_of_four(done.error, what)
            lab.must_be_undone(trial, before, f"{what} went wrong in a rollback, and a second one")


def is_undone_by_another_process(lab: Lab) -> None:
    """When its process is killed, another one with other temporary folders undoes it by the journal."""
    if not lab.own_process or lab.spec.effects is Effects.IRREVERSIBLE:
        return
    before, trial = lab.state(), lab.trial()
    reached = [what for what in lab.reached(trial, Action.EXECUTE) if outside(what)]
    lab.must_be_undone(trial, before, "after all of it")
    numbers = [*sample(reached, _PROCESSES), len(reached) + 1]  # of the last one the process comes to its end
    for number in numbers:
        trial = lab.trial()
        what = f"killed {reached[number - 1]}" if number <= len(reached) else "after all of it"
        process.execute(trial, number, lab.world.folder)
        if lab.spec.effects is Effects.REVERSIBLE and (wrong := process.roll_back(trial, lab.world.folder)):
            fail(f"{what}: the rollback in another process failed: {wrong}")
        if (now := lab.state()) != before:
            fail(f"{what}: another process did not undo it: there is {now!r} instead of {before!r}")
