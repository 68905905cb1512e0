"""Each promise names the tests that hold it, and these are there."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

from .named import gone, named

_ITEM = re.compile(r"^(?:- |\d+\. ).*?(?=^(?:- |\d+\. |\S)|\Z)", re.M | re.S)


def items(page: str, section: str = "") -> list[str]:
    """Return the items of the lists of a page, or of one of its sections."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if section:
        text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return _ITEM.findall(text)


PROMISES = [
    *((page, item) for page, section, least in (
        ("docs/explanation/undo.md", "", 15),
        ("docs/explanation/journal.md", "What holds", 6),
        ("docs/explanation/ownership.md", "", 7),
        ("docs/explanation/locks.md", "", 7),
        ("docs/explanation/architecture.md", "The laws of the undo", 10),
        ("SECURITY.md", "The journal: data from anybody who may write there", 5),
        ("SECURITY.md", "What else is held", 3),
    ) if len(found := items(page, section)) >= least for item in found),
]  # fmt: skip


def test_all_sections_are_found() -> None:
    assert len(PROMISES) >= 33


@pytest.mark.parametrize(("page", "item"), PROMISES, ids=lambda text: text[:40])
def test_each_promise_names_its_tests(page: str, item: str) -> None:
    assert named(item), f"{page}: {item}"
    assert gone(item) == []


def test_every_test_that_any_page_names_is_there() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
    assert {str(page): missing for page in pages if (missing := gone(page.read_text(encoding="utf-8")))} == {}


def test_what_is_run_as_a_proof_is_there() -> None:
    text = (ROOT / "docs/explanation/proof.md").read_text(encoding="utf-8")
    modules = re.findall(r"python -m (tests[\w.]*)", text)
    assert len(modules) > 5
    for module in modules:
        path = ROOT / module.replace(".", "/")
        assert (path / "__main__.py").is_file() or path.with_suffix(".py").is_file(), module
    paths = [
        word for line in re.findall(r"`pytest ([^`]+)`", text) for word in line.split() if word.startswith("tests/")
    ]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
