"""The comparison has a source for each cell, at the version that it names, and a test for each of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT

from .named import gone, named

PAGE = (ROOT / "docs/explanation/comparison.md").read_text(encoding="utf-8")
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
SOURCE = re.compile(
    r"https://github\.com/[\w-]+/[\w-]+/(blob|tree)/([^/]+|@cloudflare%2F[^/]+)/([^#]+)(#L\d+(-L\d+)?)?"
)
OURS = "Sternway"
SITES = ("https://developers.cloudflare.com/changelog/post/20", "https://developers.cloudflare.com/workflows/")
"""Where a tool without a source of its own is documented."""


def rows(text: str) -> Iterator[list[str]]:
    """Give the rows of a table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


HEAD, *SECTIONS = PAGE.split("\n## ")
VERSIONS = {tool: version for tool, version, *_ in rows(HEAD)}
QUESTIONS = {section.partition("\n")[0]: list(rows(section)) for section in SECTIONS[:5]}
CELLS = [(question, *row) for question, found in QUESTIONS.items() for row in found]


def test_each_tool_has_a_version_a_date_and_what_it_is_better_at() -> None:
    assert len(VERSIONS) == 9
    for tool, _, date, better in rows(HEAD):
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", date), tool
        assert LINK.search(better), tool


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_is_answered_for_each_tool(question: str) -> None:
    assert [row[0] for row in QUESTIONS[question]] == [OURS, *VERSIONS]


@pytest.mark.parametrize(("question", "tool", "said", "seen"), CELLS, ids=lambda text: str(text)[:30])
def test_each_cell_says_where_it_was_seen(question: str, tool: str, said: str, seen: str) -> None:
    assert said
    if tool == OURS:
        assert named(seen), question
        assert gone(seen) == []
        return
    links = LINK.findall(seen)
    assert links, (question, tool)
    for link in links:
        found = SOURCE.fullmatch(link)
        assert found or link.startswith(SITES), link
        assert found is None or found[2].endswith(VERSIONS[tool]), f"{tool} is of {VERSIONS[tool]}: {link}"
    if re.search(r"not documented|seen", said):
        assert "looked at" in seen, (question, tool)


def test_the_other_tools_have_a_source_too() -> None:
    others = list(rows(SECTIONS[5]))
    assert len(others) == 3
    assert all(LINK.search(seen) for _, _, seen in others)
