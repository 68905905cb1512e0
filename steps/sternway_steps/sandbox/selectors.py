"""Label and field selectors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .status import StatusError

_TERM = re.compile(r"\s*(!?)\s*([^\s=!,()]+)\s*(?:(==|=|!=)\s*([^\s,]*)|\s+(in|notin)\s*\(([^)]*)\))?\s*(?:,|$)")


def labels_match(selector: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return a predicate for labels from a label selector; raise 400."""
    terms, at = [], 0
    while at < len(selector):
        match = _TERM.match(selector, at)
        if match is None or match.end() == at:
            raise StatusError(400, "BadRequest", f"unable to parse requirement: {selector}")
        terms.append(match.groups())
        at = match.end()

    def matches(obj: Mapping[str, Any]) -> bool:
        labels = obj["metadata"].get("labels") or {}
        return all(_term(labels, *term) for term in terms)

    return matches


def _term(labels: Mapping[str, str], no: str, key: str, op: str, value: str, within: str, values: str) -> bool:
    if within:
        words = {word.strip() for word in values.split(",")}
        return (labels.get(key) in words) is (within == "in")
    if op == "!=":
        return labels.get(key) != value
    if op:
        return labels.get(key) == value
    return (key in labels) is not bool(no)


def fields_match(selector: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return a predicate for objects from a field selector (metadata.name=a,status.phase!=Running)."""
    terms = []
    for term in re.findall(r"(?:[^\\,]|\\.)+", selector):
        match = re.fullmatch(r"([\w.]+)(==|=|!=)((?:[^\\=]|\\.)*)", term)
        if match is None:
            raise StatusError(400, "BadRequest", f"invalid field selector: {term}")
        terms.append((match[1], match[2], re.sub(r"\\(.)", r"\1", match[3])))

    def matches(obj: Mapping[str, Any]) -> bool:
        return all((str(_at(obj, path)) == value) is (op != "!=") for path, op, value in terms)

    return matches


def _at(obj: Any, path: str) -> Any:
    for part in path.split("."):
        obj = obj.get(part, "") if isinstance(obj, dict) else ""
    return obj
