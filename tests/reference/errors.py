"""What each error means, by the catalogue that `sternway explain` prints."""

from __future__ import annotations

from sternway_steps.cli.code_of import code_of
from sternway_steps.exits import Exit
from sternway_steps.explained.catalogue import ENTRIES
from sternway_steps.explained.entry import Entry
from sternway_steps.explained.kinds import KINDS
from sternway_steps.explained.objects import OBJECTS
from sternway_steps.explained.pods import PODS
from sternway_steps.kube.api_error import ApiError

from .sources import classes
from .text import table


def overview() -> str:
    """Return a table of all errors, with the exit code of those that have one."""
    return table(("error", "exit code", "what it says"), (_row(each) for each in ENTRIES))


def details() -> str:
    """Return a section for each error: what it means, and what to type by its cause."""
    groups = (("Kinds of errors", KINDS), ("Pods that do not become ready", PODS), ("Objects that do not become ready", OBJECTS))  # fmt: skip
    return "\n\n".join("\n\n".join([f"## {title}", *map(_section, entries)]) for title, entries in groups)


def _row(entry: Entry) -> tuple[str, str, str]:
    code = _code(classes()[entry.name]) if entry in KINDS else ""
    return f"[{entry.name}](#{entry.name.lower()})", code, entry.means


def _section(entry: Entry) -> str:
    also = f"Also: {', '.join(f'`{name}`' for name in entry.names[1:])}.\n\n" if entry.names[1:] else ""
    return f"### {entry.name}\n\n{entry.means}\n\n{also}{table(('usual cause', 'what to do'), entry.causes)}"


def _code(kind: type[BaseException]) -> str:
    """Return the exit code of a class, whatever its constructor wants to be told; some answers of a server may pass."""
    if issubclass(kind, ApiError):
        return f"{int(Exit.REFUSED)}, or {int(Exit.TRANSIENT)} if it may pass"
    error = kind.__new__(kind)
    assert isinstance(error, Exception)
    return str(int(code_of(error)))
