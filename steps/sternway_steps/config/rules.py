"""The section `verify.rules`: what tells of kinds that Sternway does not know how they fare."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ..objects.expressions import BadExpression, parse
from ..objects.kinds import has_state
from ..yamltree import scalars as s
from ..yamltree.document import Node
from ..yamltree.reader import Many, Reader, Section

_KIND = re.compile(r"[A-Za-z*]\w*(?:\|[A-Za-z*]\w*)*\.[-a-z0-9.*]+")


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
        """Tell whether the rule is for a kind."""
        kinds, _, groups = self.kind.partition(".")
        return fnmatchcase(group, groups) and any(fnmatchcase(kind, one) for one in kinds.split("|"))


def rules_from(data: Mapping[str, Any]) -> tuple[KindRule, ...]:
    """Read the rules of a configuration that was written as JSON data; one that a newer Sternway wrote is left out."""

    def lines(found: Any) -> tuple[str, ...] | None:
        return None if found is None else tuple(found)

    rules = (KindRule(r["kind"], lines(r.get("ready")), lines(r.get("failed"))) for r in data.get("rules") or ())
    return tuple(rule for rule in rules if all(_reads(text) for text in (*(rule.ready or ()), *(rule.failed or ()))))


def _reads(text: str) -> bool:
    try:
        return bool(parse(text))
    except BadExpression:
        return False


def check_rules(rules: Sequence[KindRule], root: Node, reader: Reader) -> None:
    """Report the rules that say nothing."""
    for number, rule in enumerate(rules):
        if rule.ready is None and rule.failed is None:
            place = root.value["verify"].node.value["rules"].node.value[number].place
            reader.report(place, f"verify.rules[{number}]", "this rule says nothing", "ready, failed, or both")


def _kind(node: Node) -> str:
    text = s.string(node)
    expected = "KIND.GROUP, such as Workflow.argoproj.io"
    if not _KIND.fullmatch(text):
        hint = "the kinds of the core group are judged by themselves" if "." not in text else ""
        raise s.Bad(f"{text!r} names no kind", expected, hint)
    kinds, _, group = text.partition(".")
    for kind in kinds.split("|"):
        if "*" not in text and not has_state(f"{group}/v1", kind):
            raise s.Bad(f"{kind}.{group} has no state: it is there or not", expected, "remove the rule")
    return text


def _expression(node: Node) -> str:
    text = s.string(node)
    try:
        parse(text)
    except BadExpression as bad:
        raise s.Bad(str(bad), "an expression such as status.phase=Succeeded", bad.hint) from None
    return text


def _rule(**keys: Any) -> KindRule:
    return KindRule(keys["kind"], *(tuple(keys[key]) if key in keys else None for key in ("ready", "failed")))


RULES = Many(Section({"kind": _kind, "ready": Many(_expression), "failed": Many(_expression)}, _rule, ("kind",)))
