"""What SECURITY.md promises has a test, which it names."""

from __future__ import annotations

import re

from tests.conftest import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_each_test_that_the_promises_name_is_there() -> None:
    named = NAMED.findall((ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) > 10
    gone = [f"{file}::{test}" for file, test in named if not _is_there(file, test)]
    assert gone == []


def _is_there(file: str, test: str) -> bool:
    path = ROOT / file
    return path.is_file() and (not test or f"\ndef {test}(" in path.read_text(encoding="utf-8"))
