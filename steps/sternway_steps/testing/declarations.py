"""Checks that a step does no more than its spec declares."""

from __future__ import annotations

from ..errors import Refused
from ..registry.conformance import findings
from ..step import Action, Effects
from .lab import Lab, fail
from .points import Points


def keeps_the_form(lab: Lab) -> None:
    """It has the form of a step, as is checked when Sternway loads it, and knows the options of the test."""
    wrong = findings(lab.subject.make())
    if wrong:
        fail("; ".join(wrong))
    try:
        lab.subject.planned()
    except Refused as bad:
        fail(f"{bad}; {bad.remedy}")


def leaves_nothing_if_it_says_so(lab: Lab) -> None:
    """A step without effects writes no intent and changes nothing in the cluster, not even for a moment."""
    if lab.spec.effects is not Effects.NONE:
        return
    counted, trial = Points(), lab.trial()
    trial.act(Action.EXECUTE, counted)
    trial.act(Action.ROLLBACK, counted)
    changes = [what.removeprefix("after ") for what in counted.reached if what.startswith("after ")]
    if changes:
        fail(f"its spec says that it has no effects (Effects.NONE), and it did: {', '.join(changes)}")


def needs_no_more_rights_than_it_declares(lab: Lab) -> None:
    """With the rights of its rules alone it does its work, and undoes it."""
    if not lab.spec.needs_cluster:
        return
    rights, before, trial = lab.rights(), lab.state(), lab.trial()
    done = lab.with_retries(trial, Action.EXECUTE, rights)
    if done.error is not None:
        fail(f"execute, with the rights that its rules name and no others: {done.error}")
    if lab.spec.effects is Effects.REVERSIBLE:
        undone = lab.with_retries(trial, Action.ROLLBACK, rights)
        if undone.error is not None:
            fail(f"rollback, with the rights that its rules name and no others: {undone.error}")
    lab.must_be_undone(trial, before, "with the rights of its rules")


def changes_nothing_when_it_is_asked_beforehand(lab: Lab) -> None:
    """`check`, if there is one, accepts what is good, changes nothing and writes no journal."""
    before, trial, counted = lab.state(), lab.trial(), Points()
    trial.check(counted, lab.rights() if lab.spec.needs_cluster else None)
    done = [what.removeprefix("after ") for what in counted.reached if what.startswith("after ")]
    if done or trial.records():
        fail(f"its check did: {', '.join(done) or 'write into the journal'}")
    if (now := lab.state()) != before:
        fail(f"its check changed something: there is {now!r} instead of {before!r}")
