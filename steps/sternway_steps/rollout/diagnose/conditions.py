"""Judges custom resources of any kind, by what the statuses of most operators have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import condition_words as words
from .condition_groups import Group, groups_of, status_of
from .condition_words import has_status
from .freshness import is_outdated, wait_for_status, wait_until_observed
from .held_faults import condition_text, fail_if_held
from .object_fields import Obj, spec_of, text_of
from .verdict import Cause, Verdict, failed, progressing, ready, worst
from .view import View

_SWITCHES = ("paused", "suspend", "suspended")


def judge_by_conditions(obj: Obj, view: View) -> Verdict:
    """Judge a resource by its conditions and its phase.

    | what its status says | verdict |
    | --- | --- |
    | spec.paused or spec.suspend is true, or a condition's reason is Paused | ready: paused on purpose |
    | observedGeneration is behind, as a number or as digits | progressing |
    | nothing, or it was written before our change | progressing for 10 s, where a controller writes it |
    | Stalled or Failed is True; Progressing is False with DeadlineExceeded or Aborted | failed |
    | another condition whose type names a fault is True | progressing; failed once it has held for grace.condition |
    | Ready, Available, … is False, and the reason names a fault | the same |
    | Ready, Available, … is there and not True | progressing; the deadline decides |
    | none of these is there, and one such as WebhookReady is not True | the same |
    | Ready is not True, and a phase, state or health is on its way or bad | the same |
    | anything else | ready |

    Conditions in parents, ancestors and listeners count like those of the status itself. A condition of an unknown type
    decides nothing.
    """
    status = status_of(obj)
    groups = list(groups_of(status))
    if paused := _paused(obj, groups):
        return ready(f"paused on purpose: {paused}", "Paused")
    if (waits := wait_until_observed(obj, view)) is not None:
        return waits
    verdicts = [sign for where, listed in groups for sign in _signs(obj, where, listed, view)]
    if verdicts:
        return worst(verdicts) or verdicts[0]
    healthy = _ready(groups)
    state = None if has_status(healthy, "True") else words.state_of(status)
    if state is not None and state[2]:
        text = f"{state[0]} is {state[1]}"
        return progressing(state[1], text, Cause(state[1], words.status_message(status) or text))
    if not state and not _speaks(groups) and (waits := wait_for_status(obj, view)) is not None:
        return waits
    healthy = healthy or next((c for _, listed in groups for c in listed if c["type"] in words.HEALTH_TYPES), {})
    if healthy:
        return ready(text_of(healthy), str(healthy["type"]))
    return ready(f"{state[0]} is {state[1]}", state[1]) if state else ready("nothing speaks against it", "Exists")


def _signs(obj: Obj, where: str, conditions: Iterable[Obj], view: View) -> Iterator[Verdict]:
    """Yield a verdict for each condition that speaks against the object being ready."""
    listed = list(conditions)
    for one in (c for c in listed if not is_outdated(c, obj)):
        kind, true = str(one["type"]), has_status(one, "True")
        if (true and kind in words.TERMINAL_TYPES) or words.gave_up(one):
            yield failed(Cause(str(one.get("reason") or kind), condition_text(where, one)))
        elif true and (words.is_fault_type(kind) or (words.is_wait_type(kind) and words.reports_error(one))):
            yield fail_if_held(obj, where, one, view)
        elif true and words.is_wait_type(kind):
            yield progressing(str(one.get("reason") or kind), condition_text(where, one))
    health = [c for c in listed if c["type"] in words.HEALTH_TYPES] or [
        c for c in listed if words.is_partial_health(str(c["type"]))
    ]
    for one in health:
        if is_outdated(one, obj):
            yield progressing("NotObserved", "its controller has not seen the change yet")
        elif has_status(one, "False") and words.reports_error(one):
            yield fail_if_held(obj, where, one, view)
        elif not has_status(one, "True"):
            cause = Cause(f"Not{one['type']}", condition_text(where, one))
            yield progressing(str(one.get("reason") or cause.reason), cause.message, cause)


def _paused(obj: Obj, groups: list[Group]) -> str:
    switch = next((f"spec.{name} is true" for name in _SWITCHES if spec_of(obj).get(name) is True), "")
    reasons = (
        f"{c['type']} is {c.get('status')}, {c['reason']}" for _, listed in groups for c in listed if words.paused(c)
    )
    return switch or next(reasons, "")


def _ready(groups: list[Group]) -> Obj:
    return next((c for where, conditions in groups if not where for c in conditions if c["type"] == "Ready"), {})


def _speaks(groups: list[Group]) -> bool:
    """Return whether each part reports its health, or else the object as a whole."""
    reported = [
        any(c["type"] in words.HEALTH_TYPES or words.is_partial_health(str(c["type"])) for c in conditions)
        for _, conditions in groups
    ]
    return all(reported[1:]) if len(reported) > 1 else reported[0]
