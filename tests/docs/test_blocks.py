"""Every block of every page is run, read, or listed with the reason why not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

from .blocks import PAGES, REASONS, RUN_BY_CI, Block, blocks, name
from .typed import typed, wrong

KNOWN = {
    "file",
    "ends",
    "first",
    "cluster",
    "argo",
    "run by",
    "not run",
    *RUN_BY_CI,
    "notice_step.py",
    "test_notice.py",
}
PLAYED = {"sh", "console", "yaml"}
DRAWN = {"mermaid"}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_block_is_forgotten(page: Path) -> None:
    forgotten = [block for block in blocks(page) if not block.left_out and not _is_used(block)]
    assert not forgotten, (
        f"give each its language, or a comment as in tests/docs/blocks.py: {list(map(str, forgotten))}"
    )


def _is_used(block: Block) -> bool:
    return block.kind in PLAYED | DRAWN or "file" in block.notes


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_is_left_out_has_its_reason(page: Path) -> None:
    for block in blocks(page):
        unknown = block.notes.keys() - KNOWN if block.kind in PLAYED else set()
        assert not unknown, f"{block}: {unknown}"
        if "not run" in block.notes:
            assert block.notes["not run"] in REASONS, f"{block}: REASONS of tests/docs/blocks.py has no such reason"
        if "run by" in block.notes:
            test = (ROOT / block.notes["run by"]).read_text()
            assert str(page.relative_to(ROOT)) in test, f"{block}: {block.notes['run by']} does not name the page"
        for found in RUN_BY_CI & block.notes.keys():
            assert f"command_after {found}" in (ROOT / ".ci/run").read_text()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_and_option_that_a_page_names_is_there(page: Path) -> None:
    refused = {f"sternway {' '.join(words)}": wrong(words) for words in typed(page)}
    assert not {words: why for words, why in refused.items() if why}


def test_a_command_that_is_not_there_is_found() -> None:
    assert wrong(["deploy"]) == "there is no command deploy"
    assert "No such option" in wrong(["run", "--no-such-option"])
    assert wrong(["run", "one.yaml", "two.yaml"]) == "run takes no 'two.yaml'"
    assert "is not one of" in wrong(["plan", "--output", "html"])
    assert wrong(["run", "--set"]) == wrong(["plan", "-c", "web.yaml", "--save", "plan.json"]) == ""


@pytest.mark.parametrize("block", [b for page in PAGES for b in blocks(page, "python")], ids=str)
def test_python_can_be_read(block: Block) -> None:
    ast.parse(block.text)
