"""Checks of what a step shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..process.spellings import spellings
from ..step import Action, Effects
from .execution import hurdles
from .lab import Lab, fail
from .points import Points
from .shown import Shown

_FEW = 6


def leaves_standard_output_alone(lab: Lab) -> None:
    """Standard output is its runner's: a program may read JSON there."""
    shown = Shown()
    trial = lab.trial()
    with shown.capture():
        for action in _actions(lab):
            trial.act(action)
    if written := shown.by["standard output"]:
        line = written.decode(errors="replace").splitlines()[0]
        fail(
            f"it writes to standard output, where a program may read JSON: {line[:80]!r}; "
            "context.say reports, context.log logs, and a child's output is to be captured"
        )


def shows_no_secret(lab: Lab) -> None:
    """No value of a secret is in what it says, logs, prints, returns or raises, also when something goes wrong."""
    secrets = lab.secrets()
    if not secrets:
        return
    for action in _actions(lab):
        for number, what in [(0, "all went well"), *lab.points(action, _FEW)]:
            for hurdle in [None] if number == 0 else hurdles(what):
                _must_hide(_shown(lab, action, number, hurdle), secrets, f"{action.value}, {what}")


def _shown(lab: Lab, action: Action, number: int, hurdle: Callable[[str], None] | None) -> Shown:
    """Return what an action shows, when something goes wrong at a point of it."""
    shown = Shown()
    trial = lab.trial() if action is Action.EXECUTE else lab.executed()
    met = Points(lambda n, _: n == number, hurdle) if hurdle is not None else Points()
    with shown.capture():
        trial.act(action, met, tell=shown.event)
    if lab.spec.effects is Effects.REVERSIBLE:
        lab.with_retries(trial, Action.ROLLBACK)
    return shown


def _must_hide(shown: Shown, secrets: Mapping[str, bytes], when: str) -> None:
    for how, text in shown.by.items():
        for name, secret in secrets.items():
            if any(spelling in text for spelling in spellings(secret.strip())):
                fail(f"it shows {name} by {how} ({when}): a log and a journal are read by many")


def _actions(lab: Lab) -> tuple[Action, ...]:
    return (Action.EXECUTE, Action.ROLLBACK) if lab.spec.effects is Effects.REVERSIBLE else (Action.EXECUTE,)
