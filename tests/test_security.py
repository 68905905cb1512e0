"""What SECURITY.md promises has a test, which it names."""

from __future__ import annotations

from tests.conftest import ROOT
from tests.docs.named import gone, named


def test_each_test_that_the_promises_name_is_there() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert len(named(text)) > 10
    assert gone(text) == []
