"""What docs/ says of keys, commands, codes, events and rules is made of the sources: `python -m tests.reference`.

A page says in its own words what nobody can generate; a block between two comments is made anew from what the program
itself reads, so that there is one truth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.conftest import ROOT

from . import commands, errors, keys, outcomes, rules

DOCS = ROOT / "docs/reference"
BLOCKS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "configuration": {"keys": keys.tables},
    "cli": {"commands": commands.overview, "options": commands.details},
    "exit-codes": {"codes": outcomes.codes, "kinds": outcomes.kinds},
    "events": {"events": outcomes.events},
    "errors": {"errors": errors.overview},
    "lint": {"rules": rules.overview},
}
"""The blocks of each page, by their names."""
FOLDERS: Mapping[str, Callable[[], Mapping[str, str]]] = {"errors": errors.pages, "lint": rules.pages}
"""The folders of which each page is made as a whole."""


def pages() -> dict[Path, str]:
    """Return each page as it has to be, by its path."""
    filled = {path: _filled(path.read_text(), BLOCKS[path.stem]) for path in (DOCS / f"{name}.md" for name in BLOCKS)}
    whole = {DOCS / folder / name: text for folder, made in FOLDERS.items() for name, text in made().items()}
    return {**filled, **whole}


def _filled(text: str, blocks: Mapping[str, Callable[[], str]]) -> str:
    for name, made in blocks.items():
        begin, end = f"<!-- {name}: made by python -m tests.reference -->\n", f"<!-- end of {name} -->\n"
        found = re.search(f"{re.escape(begin)}.*?{re.escape(end)}", text, re.S)
        if found is None:
            raise ValueError(f"there is no place for {name!r}: the page needs the lines\n{begin}{end}")
        text = f"{text[: found.start()]}{begin}\n{made().strip()}\n\n{end}{text[found.end() :]}"
    return text
