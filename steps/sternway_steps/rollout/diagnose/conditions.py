"""Judges custom resources without knowing their kind, by what their status has in common with others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import words
from .freshness import behind, silent, unobserved
from .parts import Group, groups_of, status_of
from .persistent import held, said_by
from .verdict import Cause, Obj, Verdict, View, failed, progressing, ready, spec_of, text_of, worst
from .words import is_

_SWITCHES = ("paused", "suspend", "suspended")


def judge_by_conditions(obj: Obj, view: View) -> Verdict:
    """Judge any resource.

    | what its status says | verdict |
    | --- | --- |
    | spec.paused or spec.suspend is true, or a condition's reason is Paused | ready: paused on purpose |
    | observedGeneration lags, as a number or as digits | waits |
    | nothing, or what it said before our change | waits for 10 s, where a controller writes it |
    | Stalled or Failed is True; Progressing is False: DeadlineExceeded, Aborted | failed |
    | another condition that names a fault is True | waits; failed once it has held for grace.condition |
    | Ready, Available, … is False, for a reason that tells a fault | the same |
    | one of Ready, Available, … is there and not True | waits; the deadline decides |
    | none of those is there, and one such as WebhookReady is not True | the same |
    | Ready is not True, and a phase, state or health is on its way or bad | the same |
    | anything else | ready |

    Conditions in parents, ancestors and listeners count like those of the status. A condition of an unknown type
    decides nothing.
    """
    status = status_of(obj)
    groups = list(groups_of(status))
    if paused := _paused(obj, groups):
        return ready(f"paused on purpose: {paused}", "Paused")
    if (waits := unobserved(obj, view)) is not None:
        return waits
    signs = [sign for where, found in groups for sign in _signs(obj, where, found, view)]
    if signs:
        return worst(signs) or signs[0]
    well = _ready(groups)
    state = None if is_(well, "True") else words.state_of(status)
    if state is not None and state[2]:
        text = f"{state[0]} is {state[1]}"
        return progressing(state[1], text, Cause(state[1], words.said(status) or text))
    if not state and not _speaks(groups) and (waits := silent(obj, view)) is not None:
        return waits
    well = well or next((c for _, found in groups for c in found if c["type"] in words.WELL), {})
    if well:
        return ready(text_of(well), str(well["type"]))
    return ready(f"{state[0]} is {state[1]}", state[1]) if state else ready("nothing speaks against it", "Exists")


def _signs(obj: Obj, where: str, conditions: Iterable[Obj], view: View) -> Iterator[Verdict]:
    """Give a verdict for each condition that speaks against the object being ready."""
    found = list(conditions)
    for one in (c for c in found if not behind(c, obj)):
        kind, true = str(one["type"]), is_(one, "True")
        if (true and kind in words.FINAL) or words.gave_up(one):
            yield failed(Cause(str(one.get("reason") or kind), said_by(where, one)))
        elif true and (words.names_fault(kind) or (words.names_wait(kind) and words.tells_error(one))):
            yield held(obj, where, one, view)
        elif true and words.names_wait(kind):
            yield progressing(str(one.get("reason") or kind), said_by(where, one))
    well = [c for c in found if c["type"] in words.WELL] or [c for c in found if words.well_in_part(str(c["type"]))]
    for one in well:
        if behind(one, obj):
            yield progressing("NotObserved", "its controller has not seen the change yet")
        elif is_(one, "False") and words.tells_error(one):
            yield held(obj, where, one, view)
        elif not is_(one, "True"):
            cause = Cause(f"Not{one['type']}", said_by(where, one))
            yield progressing(str(one.get("reason") or cause.reason), cause.message, cause)


def _paused(obj: Obj, groups: list[Group]) -> str:
    switch = next((f"spec.{name} is true" for name in _SWITCHES if spec_of(obj).get(name) is True), "")
    told = (f"{c['type']} is {c.get('status')}, {c['reason']}" for _, found in groups for c in found if words.paused(c))
    return switch or next(told, "")


def _ready(groups: list[Group]) -> Obj:
    return next((c for where, found in groups if not where for c in found if c["type"] == "Ready"), {})


def _speaks(groups: list[Group]) -> bool:
    """Tell whether each part says how it fares, or else the whole."""
    spoken = [any(c["type"] in words.WELL or words.well_in_part(str(c["type"])) for c in found) for _, found in groups]
    return all(spoken[1:]) if len(spoken) > 1 else spoken[0]
