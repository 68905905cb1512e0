"""Judges an object by a rule: expressions that tell when it is ready, and when it has failed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ...config.rules import KindRule
from ...objects.expressions import Comparison, parse, written
from . import words
from .freshness import behind, unobserved
from .lookup import Found, matches, resolve, text_at
from .parts import status_of
from .persistent import held
from .verdict import ENDED, ON_HOLD, Cause, Obj, Verdict, View, failed, progressing, ready, text_of, worst


def rule_of(group: str, kind: str, theirs: Iterable[KindRule], *, ours: bool = True) -> KindRule | None:
    """Give the user's rule for a kind, else ours where we have some, else None."""
    from .operator_rules import KNOWN

    rules = (*theirs, *(KNOWN if ours else ()))
    return next((rule for rule in rules if rule.matches(group, kind)), None)


def judge_by_rule(obj: Obj, view: View, rule: KindRule, general: Verdict) -> Verdict:
    """Judge by a rule; what it leaves out is as in `general`, the verdict without it.

    What was paused on purpose stays so, and a status that does not speak of the object as it is yet decides nothing.
    A fault that a condition tells must hold for grace.condition, but for Stalled and Failed; any other fails at once.
    """
    if general.reason == "Paused":
        return general
    if (waits := unobserved(obj, view)) is not None:
        return waits
    if fault := worst(fault for text in rule.failed or () for fault in _faults(obj, view, text)):
        return fault
    waiting = None if rule.ready is None else next((text for text in rule.ready if not _holds(obj, text)), "")
    if waiting == "":
        return ready("; ".join(_told(obj, text) for text in rule.ready or ()) or "it exists", _word(obj, rule))
    if rule.failed is None and general.state == "failed":
        return general
    if waiting is None:
        return _not_failed(general)
    held_up = general if general.state == "progressing" else progressing("RuleWaits", "")
    text = f"{_told(obj, waiting)}; ready when {waiting}"
    cause = held_up.cause or Cause("RuleWaits", text)
    decide_at = held_up.decide_at if rule.failed is None else None
    return replace(held_up, reason="RuleWaits", message=text, cause=cause, decide_at=decide_at)


def _not_failed(general: Verdict) -> Verdict:
    """Give the verdict without a rule, but for what only the rule may call a failure."""
    if general.state == "failed":
        return progressing(general.reason, general.message, general.cause)
    return replace(general, decide_at=None) if general.cause is not None else general


def _holds(obj: Obj, text: str) -> bool:
    return any(all(_holds_everywhere(obj, one) for one in part) for part in parse(text))


def _holds_everywhere(obj: Obj, one: Comparison) -> bool:
    found = list(resolve(obj, one.path))
    return bool(found) and all(matches(obj, value, one) and not _behind(obj, near) for value, near in found)


def _faults(obj: Obj, view: View, text: str) -> Iterator[Verdict]:
    """Give a verdict for each alternative of an expression that holds somewhere."""
    for part in parse(text):
        hits = [next(((v, c) for v, c in resolve(obj, one.path) if _hits(obj, v, c, one)), None) for one in part]
        if None in hits:
            continue
        near = next((found[1] for found in hits if found is not None and found[1] is not None), None)
        if near is None:
            yield failed(Cause(_reason(hits[0]), words.said(status_of(obj)) or _told(obj, text)))
        elif str(near.get("type")) in words.FINAL:
            yield failed(Cause(str(near.get("reason") or near["type"]), text_of(near)))
        else:
            yield held(obj, "", near, view)


def _hits(obj: Obj, value: Any, near: Obj | None, one: Comparison) -> bool:
    return matches(obj, value, one) and not _behind(obj, near)


def _behind(obj: Obj, near: Obj | None) -> bool:
    return near is not None and behind(near, obj)


def _told(obj: Obj, text: str) -> str:
    """Say what stands where an expression looks first."""
    path = parse(text)[0][0].path
    values = sorted({text_at(value) or "not there" for value, _ in resolve(obj, path)})
    return f"{written(path)} is {', '.join(values) or 'not there'}"


def _word(obj: Obj, rule: KindRule) -> str:
    """Give the word of what ended, or is on hold: such are told, and judged when they leave, in their own way."""
    found = (text_at(value) for text in rule.ready or () for value, _ in resolve(obj, parse(text)[0][0].path))
    return next((word for word in found if word in ENDED | ON_HOLD), "RuleHolds")


def _reason(found: Found | None) -> str:
    text = text_at(found[0]) if found is not None else ""
    return text if re.fullmatch(r"[A-Za-z]\w{0,60}", text) else "RuleFailed"
