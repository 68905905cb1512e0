"""The pages, their blocks of code, and what the comments above a block say of it.

<!-- file: config/web.yaml -->     it is written there, in the page's folder; `file: more NAME` adds to what is there
<!-- ends: 4 -->                   its last command ends with this code (0 without)
<!-- first: sternway run -->       what has to be done before, which readers have done by then
<!-- cluster -->                   it is run on a real cluster alone
<!-- argo -->                      it is run on a real cluster with Argo Workflows alone
<!-- run by: tests/… -->           another test, which names the page, runs it
<!-- not run: REASON -->           nobody runs it; REASONS lists why that may be
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "steps/README.md", *DOCS]
REASONS = {
    "it installs": "packages come from an index, and tests of the package install it",
    "it is for a laptop": "it starts programs that tests do not have: kind, an editor's hooks",
    "it needs Argo": "Argo Workflows is tried by the tests marked argo",
    "it needs a registry": "what is pushed goes to a registry of the reader's own",
    "it needs Docker": "images are built and tried by the tests of tests/cluster/image",
    "it needs helm": "charts are rendered by the reader's own helm",
    "it needs GitHub": "GitHub's own programs and settings",
    "it needs GitLab": "GitLab's own programs and settings",
    "it needs a cloud": "a cloud's own programs and accounts",
    "it needs another tool": "the program of the tool that one comes from",
    "it is a part": "a part of a file of another program, which the text explains",
}
"""Why a block may be left out, and who tries the like of it."""
RUN_BY_CI = {"demo", "tests"}
"""Names by which .ci/run finds the README's two commands."""
_BLOCK = re.compile(
    r"(?P<notes>(?:^ *<!-- [^\n]+ -->\n)*)^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S
)
_MADE = re.compile(r"<!-- (\w+): made by python -m tests\.reference -->.*?<!-- end of \1 -->", re.S)


@dataclass(frozen=True)
class Block:
    """A block of code of a page. `notes` are the comments above it, by their first word."""

    page: Path
    line: int
    kind: str
    text: str
    notes: dict[str, str]
    made: bool

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}"

    @property
    def left_out(self) -> bool:
        return self.made or not self.notes.keys().isdisjoint({"not run", "run by", *RUN_BY_CI})


def name(page: Path) -> str:
    return str(page.relative_to(ROOT).with_suffix(""))


def blocks(page: Path, *kinds: str) -> Iterator[Block]:
    """Give the blocks of a page in order; `made` are those that tests/reference makes."""
    text = page.read_text()
    made = [match.span() for match in _MADE.finditer(text)]
    for match in _BLOCK.finditer(text):
        if kinds and match["kind"] not in kinds:
            continue
        start = match.start("indent")
        notes = dict(_note(line) for line in re.findall(r"<!-- (.+) -->", match["notes"]))
        plain = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.M)
        inside = any(begin < start < end for begin, end in made)
        yield Block(page, text.count("\n", 0, start) + 1, match["kind"], plain, notes, inside)


def shown_configurations() -> Iterator[Block]:
    """Give the blocks that are configurations of ours, or parts of one."""
    for page in PAGES:
        for block in blocks(page, "yaml"):
            if not block.left_out and "apiVersion:" not in block.text:
                yield block


def _note(line: str) -> tuple[str, str]:
    word, _, rest = line.partition(": ")
    return word, rest
