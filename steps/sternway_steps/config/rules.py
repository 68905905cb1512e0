"""The section `verify.rules`, typed: how objects of kinds that Sternway does not know are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ..objects.expressions import BadExpression, parse


@dataclass(frozen=True)
class KindRule:
    """When an object of a kind is ready, and when it has failed.

    `kind` is KIND.GROUP; several kinds of a group are KIND|KIND.GROUP, and `*` stands for any. `ready` holds when all
    of its expressions do, `failed` when any does. None: as without a rule; () in `failed`: never by itself.
    """

    kind: str
    ready: tuple[str, ...] | None = None
    failed: tuple[str, ...] | None = None

    def matches(self, group: str, kind: str) -> bool:
        """Return whether the rule is for a kind."""
        kinds, _, groups = self.kind.partition(".")
        return fnmatchcase(group, groups) and any(fnmatchcase(kind, one) for one in kinds.split("|"))


def rules_from(data: Mapping[str, Any]) -> tuple[KindRule, ...]:
    """Return the rules of a configuration stored as JSON data, without those that only a newer Sternway knows."""

    def lines(found: Any) -> tuple[str, ...] | None:
        return None if found is None else tuple(found)

    rules = (KindRule(r["kind"], lines(r.get("ready")), lines(r.get("failed"))) for r in data.get("rules") or ())
    return tuple(rule for rule in rules if all(_reads(text) for text in (*(rule.ready or ()), *(rule.failed or ()))))


def _reads(text: str) -> bool:
    try:
        return bool(parse(text))
    except BadExpression:
        return False
