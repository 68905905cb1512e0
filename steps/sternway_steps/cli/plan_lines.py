"""A plan line by line, for any output: what would become of each object, its fields, and what has to be known of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from ..plural import count
from ..release.preview import Preview
from ..release.shown_fields import Field

_WIDE = 100
_CHANGED, _CREATED = 40, 12
"""So many lines are shown of one object, unless all are asked for; of a new one fewer, for its manifest tells."""
_TO = {"create": "create", "change": "change", "recreate": "make anew", "remove": "remove"}
"""Results that are changes, each as a verb."""


@dataclass(frozen=True)
class Line:
    """One line. `sign`: `-` what goes, `+` what comes, `@` a place in a text, `!` a warning, or a blank."""

    text: str
    sign: str = " "


def heading(found: Preview) -> str:
    """Return what follows the result in an object's first line."""
    why = "others own what it sets" if found.conflicts else found.why
    return f"{found.ref}" + (f": {why}" if why else "")


def lines_of(found: Preview, *, whole: bool = False) -> list[Line]:
    """Return the lines below an object's first one; of many the first ones, and how many are left out."""
    lines = [line for field in found.fields for line in field_lines(field)]
    lines += list(_conflicts(found))
    told = [Line(note, "!") for note in found.notes]
    most = len(lines) if whole else _CREATED if found.result == "create" else _CHANGED
    if len(lines) > most:
        told = [Line(f"… {count(len(lines) - most, 'more line')} (--all shows them)"), *told]
        lines = lines[:most]
    return lines + told


def total(previews: Sequence[Preview]) -> str:
    """Return how many objects have which result, in words."""
    counts: dict[str, int] = {}
    for found in previews:
        counts[found.result] = counts.get(found.result, 0) + 1
    words = [f"{number} to {_TO[r]}" if r in _TO else f"{number} {r}" for r, number in counts.items()]
    return ", ".join(words) or "the manifests hold no objects"


def field_lines(field: Field) -> Iterator[Line]:
    """Yield the lines of one field: as it was, and as it becomes."""
    if isinstance(field.old, str) and isinstance(field.new, str) and "\n" in field.old + field.new:
        yield from _text(field.path, field.old, field.new)
        return
    if field.had:
        yield Line(f"- {field.path}: {_short(field.old)}", "-")
    if field.has:
        yield Line(f"+ {field.path}: {_short(field.new)}", "+")


def _text(path: str, old: str, new: str) -> Iterator[Line]:
    """Yield the lines of a text that change, each with a line around it."""
    yield Line(f"{path}:")
    for line in list(unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm=""))[2:]:
        yield Line(f"  {line}", line[:1] if line[:1] in "-+@" else " ")
    if old.endswith("\n") != new.endswith("\n"):
        yield Line("  no newline at the end" if old.endswith("\n") else "  a newline at the end")


def _conflicts(found: Preview) -> Iterator[Line]:
    for manager, fields in found.conflicts:
        for field in fields:
            yield Line(f"{field} is owned by {manager}: --force-conflicts takes it over", "!")
    changed = [field.path for field in found.fields]
    for manager, fields in found.takes_over:
        named = [path for path in changed if any(field.startswith(path) for field in fields)]
        for path in named:
            yield Line(f"takes over {path} from {manager}", "!")
        if rest := sum(not any(field.startswith(path) for path in named) for field in fields):
            yield Line(
                f"takes over {count(rest, 'field')} from {manager} that {'stays' if rest == 1 else 'stay'} as set"
            )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"
