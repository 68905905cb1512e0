"""Whether an object has the form of a step; found without calling it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from ..spec import CONTRACT, Effects, Rule, StepSpec

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def findings(step: Any) -> list[str]:
    """Return everything that keeps an object from being a step; empty when it is one."""
    problems = [*_actions(step)]
    try:
        spec = step.spec
    except AttributeError:
        return [*problems, "it has no spec"]
    except Exception as error:  # noqa: BLE001  a property of somebody else's class may raise anything
        return [*problems, f"its spec can't be read: {type(error).__name__}: {error}"]
    if not isinstance(spec, StepSpec):
        return [*problems, f"its spec is no StepSpec but {type(spec).__name__}"]
    return [*problems, *_spec(spec)]


def _actions(step: Any) -> Iterator[str]:
    for name in ("execute", "rollback"):
        method = getattr(step, name, None)
        if not callable(method):
            yield f"it has no {name}"
            continue
        try:
            inspect.signature(method).bind(object())
        except TypeError:
            yield f"its {name} takes {inspect.signature(method)} instead of (context)"
        except ValueError:  # a builtin's signature can't be read, so nothing speaks against it
            pass
        if inspect.iscoroutinefunction(method):
            yield f"its {name} is async, and would never be awaited"


def _spec(spec: StepSpec) -> Iterator[str]:
    if isinstance(spec.contract, int) and spec.contract > CONTRACT:
        yield f"it was written for contract {spec.contract}, and this Sternway knows {CONTRACT}"
        return  # what else looks wrong may be right there
    for name, right, what in (
        ("name", isinstance(spec.name, str) and bool(_LABEL.fullmatch(spec.name)), "a DNS label"),
        ("effects", isinstance(spec.effects, Effects), "a member of Effects"),
        ("needs_cluster", isinstance(spec.needs_cluster, bool), "True or False"),
        ("programs", _texts(spec.programs), "a tuple of strings"),
        ("options", _texts(spec.options), "a tuple of strings"),
        ("hands_on", _texts(spec.hands_on), "a tuple of strings"),
        ("contract", isinstance(spec.contract, int) and spec.contract > 0, "a whole number from 1"),
    ):
        if not right:
            yield f"spec.{name} is {getattr(spec, name)!r} instead of {what}"
    for name in ("execute_rules", "rollback_rules"):
        yield from _rules(name, getattr(spec, name), spec.needs_cluster)


def _rules(name: str, rules: Any, needs_cluster: bool) -> Iterator[str]:
    if not isinstance(rules, tuple):
        yield f"spec.{name} is {rules!r} instead of a tuple of Rule"
        return
    for number, rule in enumerate(rules):
        if not isinstance(rule, Rule):
            yield f"spec.{name}[{number}] is {rule!r} instead of a Rule"
        elif not (isinstance(rule.api_group, str) and all(map(_texts, (rule.resources, rule.verbs, rule.only_with)))):
            yield f"spec.{name}[{number}] is {rule!r}: api_group is a string, the others are tuples of strings"
    if rules and not needs_cluster:
        yield f"spec.{name} names cluster rights, and needs_cluster is False"


def _texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(item, str) and item for item in value)
