"""What each error means, by the catalogue that `sternway explain` prints: a page for each, and a table of all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sternway_steps.cli.explain import ending_of
from sternway_steps.explained.catalogue import ENTRIES
from sternway_steps.explained.entry import Entry
from sternway_steps.explained.kinds import KINDS
from sternway_steps.explained.objects import OBJECTS
from sternway_steps.explained.pods import PODS

from .text import slug, table


def overview() -> str:
    """Return a table of the errors of each kind."""
    kinds = table(("error", "exit code", "what it says"), ((_link(each), _code(each), each.means) for each in KINDS))
    parts = [("Kinds of errors", kinds)]
    for title, entries in (("Pods that do not become ready", PODS), ("Objects that do not become ready", OBJECTS)):
        rows = ((_link(each), _linked(each.means, "")) for each in entries)
        parts.append((title, f"Exit code: {ending_of(entries[0])}.\n\n{table(('reason', 'what it says'), rows)}"))
    return "\n\n".join(f"## {title}\n\n{text}" for title, text in parts)


def pages() -> dict[str, str]:
    """Return a page for each error by its file's name: what it means, how the command ends, what to do by its cause."""
    return {f"{entry.name}.md": _page(entry) for entry in ENTRIES}


def _link(entry: Entry) -> str:
    """Return the link to a page, with the anchor of the days when all errors were on one page."""
    others = "".join(f", {name}" for name in entry.names[1:])
    return f'<a id="{entry.name.lower()}"></a>[{entry.name}](errors/{entry.name}.md){others}'


def _page(entry: Entry) -> str:
    begin, end = "<!-- error: made by python -m tests.reference -->", "<!-- end of error -->"
    return "\n\n".join([f"# {entry.name}", begin, *_parts(entry), end]) + "\n"


def _parts(entry: Entry) -> Iterator[str]:
    yield _linked(entry.means, "../")
    if entry.names[1:]:
        yield f"Other names: {', '.join(f'`{name}`' for name in entry.names[1:])}."
    yield table(("usual cause", "what to do"), ((cause, _linked(do, "../")) for cause, do in entry.causes))
    yield f"[Exit code](../exit-codes.md): {ending_of(entry)}."
    yield f"`sternway explain {entry.name}` prints the causes, and what to do, in a terminal. Words in capitals, such as RUN, stand for names that the report has."
    yield "[All errors](../errors.md)"


def _linked(text: str, up: str) -> str:
    """Return a text in which keys below `verify` and pages are links, from a page `up` from docs/reference."""
    text = re.sub(r"(?<=\()(verify\.[\w.]+)(?=\))", r"`\1`", text)
    text = re.sub(r"`((verify(?:\.\w+)*)\.\w+)`", lambda key: f"[{key[0]}]({up}configuration.md#{slug(key[2])})", text)
    return re.sub(r"docs/(\S+\.md)", rf"[docs/\1]({up}../\1)", text)


def _code(entry: Entry) -> str:
    return ending_of(entry).partition(" (")[0]
