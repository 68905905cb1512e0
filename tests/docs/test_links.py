"""Every link of every page leads to a file that is there, and to a heading that it has; the network is not asked."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.reference import FOLDERS
from tests.reference.text import slug

from .blocks import DOCS, PAGES, name

ALL = [*PAGES, ROOT / "SECURITY.md", ROOT / "CHANGELOG.md"]
LINK = re.compile(r"(?<!\\)\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
CODE = re.compile(r"^ *```.*?^ *```$|`[^`\n]*`", re.M | re.S)
NAMED = re.compile(r"(?<![\w/.-])docs/[\w/-]+\.md\b")


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page, as GitHub and the site's generator make them."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.M | re.S)
    found: Counter[str] = Counter()
    made = set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))
    for title in re.findall(r"^#+ (.*)$", text, re.M):
        one = slug(re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title))
        made.add(f"{one}-{found[one]}" if found[one] else one)
        found[one] += 1
    return made


def links(page: Path) -> list[str]:
    return LINK.findall(CODE.sub("", page.read_text()))


@pytest.mark.parametrize("page", ALL, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    wrong = []
    for link in links(page):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert not wrong


@pytest.mark.parametrize("page", DOCS, ids=name)
def test_a_page_of_the_site_links_to_no_page_beside_it(page: Path) -> None:
    """The site's generator has the pages of docs/ alone; folders and other files of the repository it lets pass."""
    paths = [(page.parent / link.partition("#")[0]).resolve() for link in links(page) if "://" not in link]
    assert not [str(path) for path in paths if path.suffix == ".md" and not path.is_relative_to(ROOT / "docs")]


def test_links_and_headings_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '# A `b` c\n\n```sh\n# no heading\n```\n\n## Two\n\n## Two\n\n[x](y.md#z) `[no](link)` [w](<v.md> "t")\n'
    )
    assert anchors(page) == {"a-b-c", "two", "two-1"}
    assert links(page) == ["y.md#z", "v.md"]
    assert sum(len(links(page)) for page in ALL) > 150


def test_every_page_that_the_sources_name_is_there() -> None:
    files = subprocess.run(["git", "ls-files", "*.py", "*.yaml", "*.yml", ".ci/*"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()  # fmt: skip
    texts = {file: (ROOT / file).read_text() for file in files if "argo/" not in file and "lint/" not in file}
    gone = [f"{file}: {page}" for file, text in texts.items() for page in NAMED.findall(text) if not (ROOT / page).exists()]  # fmt: skip
    assert not gone


def test_every_page_is_in_the_navigation() -> None:
    text = (ROOT / ".mkdocs.yml").read_text()
    named = re.findall(r"[\w/-]+\.md", text)
    # The errors, and the rules of lint, are in tables of their own, and in the test below.
    shown = [page for page in DOCS if page.parent.name not in FOLDERS]
    assert sorted(named) == sorted(str(page.relative_to(ROOT / "docs")) for page in shown)


def test_every_page_can_be_reached_from_the_first() -> None:
    """Nobody has to know a page's name; of the site's navigation GitHub knows nothing."""
    seen: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page not in seen and page.suffix == ".md" and page.exists():
            seen.add(page)
            ahead += [(page.parent / link.partition("#")[0]).resolve() for link in links(page) if "://" not in link]
    assert not [name(page) for page in DOCS if page not in seen]
