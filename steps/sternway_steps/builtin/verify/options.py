"""The section `verify`: deadline and graces, HTTP checks, and rules for kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...config.option_reader import FileKeys, OptionReader
from ...config.rules import KindRule
from ...config.schema import HttpCheck, VerifyConfig
from ...config.short_form import service_port
from ...yamltree.document import Node
from ...yamltree.reader import Reader
from .keys import OPTIONS, SECTION


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


_ABOUT = "How long what is deployed has to become ready, and how that is checked."
READER = OptionReader("verify", section=SECTION, about=_ABOUT, options=OPTIONS, finish=_finish)
