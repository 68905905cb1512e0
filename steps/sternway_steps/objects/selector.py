"""Kubernetes label selectors, for objects that are not on a server yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import Refused

_TERM = re.compile(
    r"\s*(?:(?P<absent>!)\s*)?(?P<key>[A-Za-z0-9][A-Za-z0-9./_-]*)\s*"
    r"(?:(?P<op>==|=|!=)\s*(?P<value>[A-Za-z0-9._-]*)|(?P<word>in|notin)\s*\((?P<values>[^()]*)\))?\s*(?:,|$)"
)

Selects = Callable[[Mapping[str, Any]], bool]


def selector(text: str) -> Selects:
    """Return a predicate from a selector such as `tier=base,!legacy,zone in (a, b)` ("Labels and Selectors").

    Raises: Refused when it is no selector.
    """
    terms: list[Callable[[Mapping[str, str]], bool]] = []
    at = 0
    while at < len(text) or not terms:
        found = _TERM.match(text, at)
        if found is None or (found["absent"] and (found["op"] or found["word"])):
            raise Refused(f"{text!r} is no label selector", remedy="such as tier=base, tier in (base, app) or !legacy")
        terms.append(_term(found))
        at = found.end()
    return lambda obj: all(term(obj["metadata"].get("labels") or {}) for term in terms)


def _term(found: re.Match[str]) -> Callable[[Mapping[str, str]], bool]:
    key, value = found["key"], found["value"]
    if found["absent"]:
        return lambda labels: key not in labels
    if found["op"] == "!=":
        return lambda labels: labels.get(key) != value
    if found["op"]:
        return lambda labels: labels.get(key) == value
    if found["word"]:
        values = {one.strip() for one in found["values"].split(",")}
        wanted = found["word"] == "in"
        return lambda labels: (labels.get(key) in values) is wanted
    return lambda labels: key in labels
