"""The section `verify`: deadline and graces, HTTP checks, and rules for kinds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ...config.option_reader import FileKeys, OptionReader
from ...config.rules import KindRule
from ...config.schema import Grace, HttpCheck, VerifyConfig
from ...config.short_form import service_port
from ...objects.expressions import BadExpression, parse
from ...objects.kinds import has_state
from ...yamltree import scalars as s
from ...yamltree.document import Node
from ...yamltree.reader import Many, Reader, Section, Table
from .path import url_path

_KIND = re.compile(r"[A-Za-z*][a-zA-Z0-9_]*(?:\|[A-Za-z*][a-zA-Z0-9_]*)*\.[-a-z0-9.*]+")
_A_KIND = "KIND.GROUP, such as Workflow.argoproj.io"
_AN_EXPRESSION = "an expression such as status.phase=Succeeded"
_GRACES = ("pull", "config", "create", "unschedulable", "mount", "condition")


def _http(**keys: Any) -> dict[str, Any]:
    return keys  # the service and the port of the simple form are filled in when the whole file is read


@s.reads(_A_KIND, s.whole_text(_KIND.pattern))
def _kind(node: Node) -> str:
    text = s.string(node)
    if not _KIND.fullmatch(text):
        hint = "the kinds of the core group are judged by themselves" if "." not in text else ""
        raise s.InvalidValue(f"{text!r} names no kind", _A_KIND, hint)
    kinds, _, group = text.partition(".")
    for kind in kinds.split("|"):
        if "*" not in text and not has_state(f"{group}/v1", kind):
            raise s.InvalidValue(f"{kind}.{group} has no state: it is there or not", _A_KIND, "remove the rule")
    return text


@s.reads(_AN_EXPRESSION, {"type": "string", "pattern": "[=~]"})
def _expression(node: Node) -> str:
    text = s.string(node)
    try:
        parse(text)
    except BadExpression as bad:
        raise s.InvalidValue(str(bad), _AN_EXPRESSION, bad.hint) from None
    return text


def _rule(**keys: Any) -> KindRule:
    return KindRule(keys["kind"], *(tuple(keys[key]) if key in keys else None for key in ("ready", "failed")))


_HTTP = Section(
    {
        "service": s.dns_label,
        "port": s.port_or_name,
        "path": url_path,
        "namespace": s.dns_label,
        "scheme": s.one_of("http", "https"),
        "status": s.whole(100, 599),
        "contains": s.string,
        "headers": Table(s.string, s.string),
        "retries": s.whole(0, 1000),
        "interval": s.duration,
        "timeout": s.duration,
    },
    _http,
)
_RULES = Many(Section({"kind": _kind, "ready": Many(_expression), "failed": Many(_expression)}, _rule, ("kind",)))
_SECTION = Section(
    {
        "deadline": s.duration,
        "grace": Section({**dict.fromkeys(_GRACES, s.duration), "restarts": s.whole(1, 1000)}, Grace),
        "http": Many(_HTTP),
        "rules": _RULES,
    }
)


def _finish(file: FileKeys) -> None:
    """Make the section: the simple form's Service stands in for what an HTTP check leaves out."""
    verify = dict(file.keys.get("verify", {}))
    checks = [_check_of(check, file) for check in verify.get("http", [])]
    for number, check in enumerate(checks):
        if check is None:
            location = file.root.value["verify"].node.value["http"].node.value[number].location
            message = "this key is required without the simple form's port"
            file.reader.report(
                location, f"verify.http[{number}].service", message, hint=file.root.location_of_missing("port")[1]
            )
    rules = tuple(verify.get("rules", ()))
    _check_rules(rules, file.root, file.reader)
    found = tuple(check for check in checks if check is not None)
    file.keys["verify"] = VerifyConfig(**{**verify, "http": found, "rules": rules})


def _check_of(keys: dict[str, Any], file: FileKeys) -> HttpCheck | None:
    """Make an HTTP check; None: nothing stands in for its service."""
    port = service_port(file.keys)
    if "service" not in keys and port is None:
        return None
    return HttpCheck(**{"service": file.keys["name"], "port": str(port) if port is not None else "80", **keys})


def _check_rules(rules: Sequence[KindRule], root: Node, reader: Reader) -> None:
    """Report the rules that say nothing."""
    for number, rule in enumerate(rules):
        if rule.ready is None and rule.failed is None:
            location = root.value["verify"].node.value["rules"].node.value[number].location
            reader.report(location, f"verify.rules[{number}]", "this rule says nothing", "ready, failed, or both")


READER = OptionReader("verify", section=_SECTION, finish=_finish)
