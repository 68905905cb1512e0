"""Judges an object by a rule: expressions that say when it is ready, and when it has failed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ...config.rules import KindRule
from ...objects.expressions import Comparison, parse, written
from . import condition_words as words
from .condition_groups import status_of
from .freshness import is_outdated, wait_until_observed
from .held_faults import fail_if_held
from .object_fields import Obj, text_of
from .path_values import Match, matches, resolve, text_of_value
from .verdict import ENDED, ON_HOLD, Cause, Verdict, failed, progressing, ready, worst
from .view import View


def rule_of(group: str, kind: str, theirs: Iterable[KindRule], *, ours: bool = True) -> KindRule | None:
    """Return the rule for a kind: the user's, else ours if `ours` is true and there is one, else None."""
    from .operator_rules import OPERATOR_RULES

    rules = (*theirs, *(OPERATOR_RULES if ours else ()))
    return next((rule for rule in rules if rule.matches(group, kind)), None)


def judge_by_rule(obj: Obj, view: View, rule: KindRule, general: Verdict) -> Verdict:
    """Judge by a rule; what the rule leaves out is decided by `general`, the verdict without it.

    What was paused on purpose stays so, and a status that is not about the object as it is decides nothing. A fault
    that a condition reports must hold for grace.condition, except Stalled and Failed; any other fails at once.
    """
    if general.reason == "Paused":
        return general
    if (waits := wait_until_observed(obj, view)) is not None:
        return waits
    if fault := worst(fault for text in rule.failed or () for fault in _faults(obj, view, text)):
        return fault
    waiting = None if rule.ready is None else next((text for text in rule.ready if not _holds(obj, text)), "")
    if waiting == "":
        return ready("; ".join(_describe(obj, text) for text in rule.ready or ()) or "it exists", _word(obj, rule))
    if rule.failed is None and general.state == "failed":
        return general
    if waiting is None:
        return _not_failed(general)
    held_up = general if general.state == "progressing" else progressing("RuleWaits", "")
    text = f"{_describe(obj, waiting)}; ready when {waiting}"
    cause = held_up.cause or Cause("RuleWaits", text)
    decide_at = held_up.decide_at if rule.failed is None else None
    return replace(held_up, reason="RuleWaits", message=text, cause=cause, decide_at=decide_at)


def _not_failed(general: Verdict) -> Verdict:
    """Return the verdict without a rule, but not a failure: only the rule may call one."""
    if general.state == "failed":
        return progressing(general.reason, general.message, general.cause)
    return replace(general, decide_at=None) if general.cause is not None else general


def _holds(obj: Obj, text: str) -> bool:
    return any(all(_holds_everywhere(obj, one) for one in part) for part in parse(text))


def _holds_everywhere(obj: Obj, one: Comparison) -> bool:
    values = list(resolve(obj, one.path))
    return bool(values) and all(matches(obj, value, one) and not _is_outdated(obj, near) for value, near in values)


def _faults(obj: Obj, view: View, text: str) -> Iterator[Verdict]:
    """Yield a verdict for each alternative of an expression that holds somewhere."""
    for part in parse(text):
        hits = [next(((v, c) for v, c in resolve(obj, one.path) if _hits(obj, v, c, one)), None) for one in part]
        if None in hits:
            continue
        near = next((match[1] for match in hits if match is not None and match[1] is not None), None)
        if near is None:
            yield failed(Cause(_reason(hits[0]), words.status_message(status_of(obj)) or _describe(obj, text)))
        elif str(near.get("type")) in words.TERMINAL_TYPES:
            yield failed(Cause(str(near.get("reason") or near["type"]), text_of(near)))
        else:
            yield fail_if_held(obj, "", near, view)


def _hits(obj: Obj, value: Any, near: Obj | None, one: Comparison) -> bool:
    return matches(obj, value, one) and not _is_outdated(obj, near)


def _is_outdated(obj: Obj, near: Obj | None) -> bool:
    return near is not None and is_outdated(near, obj)


def _describe(obj: Obj, text: str) -> str:
    """Return what stands at the first path of an expression, in words."""
    path = parse(text)[0][0].path
    values = sorted({text_of_value(value) or "not there" for value, _ in resolve(obj, path)})
    return f"{written(path)} is {', '.join(values) or 'not there'}"


def _word(obj: Obj, rule: KindRule) -> str:
    """Return the reason of an object that ended or is on hold: such are reported, and judged as ended when deleted."""
    texts = (text_of_value(value) for text in rule.ready or () for value, _ in resolve(obj, parse(text)[0][0].path))
    return next((word for word in texts if word in ENDED | ON_HOLD), "RuleHolds")


def _reason(match: Match | None) -> str:
    text = text_of_value(match[0]) if match is not None else ""
    return text if re.fullmatch(r"[A-Za-z]\w{0,60}", text) else "RuleFailed"
