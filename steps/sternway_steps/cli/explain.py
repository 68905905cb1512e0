"""What `sternway explain` prints."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from ..errors import Bug, Refused
from ..exits import ENDINGS, MEANING, Exit
from ..explained.catalogue import ENTRIES, entry_of
from ..explained.entry import Entry
from ..yamltree.errors import ConfigErrors
from .output import Output


def explain(output: Output, names: tuple[str, ...]) -> int:
    """Write the entry of each error that is named; without names, the list of all.

    Raises: Refused for an unknown one.
    """
    if not names:
        for each in ENTRIES:
            output.result("error-explained", _data(each), [f"{', '.join(each.names)}: {each.means}"])
        return 0
    for number, each in enumerate([_known(name) for name in names]):
        output.result("error-explained", _data(each), [*([""] if number else []), *_lines(each)])
    return 0


_BY_CODE = {row.code: row.error for row in ENDINGS} | {Exit.USAGE: ConfigErrors, Exit.BUG: Bug}
"""What a command that ended with a code mostly met."""


def _known(name: str) -> Entry:
    kind = next((kind.__name__ for code, kind in _BY_CODE.items() if name == str(int(code))), name)
    if (found := entry_of(kind)) is not None:
        return found
    all_names = {known.lower(): known for each in ENTRIES for known in each.names}
    near = get_close_matches(name.lower(), all_names, 1)
    meant = f"did you mean {all_names[near[0]]}? " if near else ""
    raise Refused(f"no error is called {name!r}", remedy=f"{meant}`sternway explain` lists all")


def ending_of(entry: Entry) -> str:
    """Return in words with which exit code a command ends that meets the error."""
    match entry.codes:
        case (code,):
            return f"{code} ({MEANING[Exit(code)]})"
        case (Exit.FAILED, Exit.ROLLBACK_FAILED):
            return "4 when all is undone, 5 when something could not be put back"
        case codes:
            return f"{codes[0]}, or {codes[1]} if it may pass"


def _data(entry: Entry) -> dict[str, object]:
    causes = [{"cause": cause, "do": do} for cause, do in entry.causes]
    said = {"name": entry.name, "names": entry.names, "means": entry.means, "causes": causes}
    return {**said, "exit_codes": entry.codes, "page": entry.page}


def _lines(entry: Entry) -> Iterator[str]:
    yield ", ".join(entry.names)
    yield f"  {entry.means}"
    for cause, do in entry.causes:
        yield f"  - {cause}:"
        yield f"      {do.replace('`', '')}"
    yield f"  Exit code: {ending_of(entry)}"
    yield f"  Page: {entry.page}"
