"""The lines below a line: objects, differences, evidence of failures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import unified_diff
from typing import Any

from ..release.preview import Field, Preview
from ..spec import Item
from .terminal import Styled, echo

_COLOURS = {
    "created": "green", "changed": "green", "restored": "yellow", "deleted": "yellow", "kept": "cyan",
    "conflict": "red", "failed": "red", "rejected": "red", "create": "green", "change": "yellow",
}  # fmt: skip
_WIDE = 100


def item(item_: Item, who: str = "", indent: str = "  ") -> None:
    """Write the result of one object; `who` is written before it."""
    echo(
        f"{indent}{who}",
        Styled(item_.result, fg=_COLOURS.get(item_.result)),
        f" {item_.what}" + (f": {item_.why}" if item_.why else ""),
    )
    if item_.fields and item_.result in ("changed", "restored", "conflict", "failed"):
        echo(f"{indent}  {', '.join(item_.fields)}")


def preview(found: Preview) -> None:
    """Write what would change in one object."""
    echo(Styled(found.result, fg=_COLOURS.get(found.result)), f" {found.ref}" + (f": {found.why}" if found.why else ""))
    for field in found.fields:
        _field(field)
    for manager, fields in found.takes_over:
        echo(f"  takes over from {manager}: {_some(fields, [field.path for field in found.fields])}")
    for note in found.notes:
        echo(f"  {note}", fg="yellow")


def evidence(details: Mapping[str, Any]) -> None:
    """Write the evidence of a failed rollout: the other objects that failed; then pod, events and log of each."""
    others = (details.get("failures") or [])[1:]
    _table(others, _cause((details.get("failures") or [{}])[0]))
    written: set[str] = set()
    for found in (details, *others):
        _observations(found, written)
    if "body" in details:
        echo(f"  answer {details.get('status')}: {details['body']}")


def _table(others: Sequence[Mapping[str, Any]], first: str) -> None:
    """Write the objects that failed besides the first one; a cause that was written before is not repeated."""
    if not others:
        return
    rows, causes = [("ALSO FAILED", "PODS", "CAUSE")], {first}
    for one in others:
        pods = f"{one.get('done') or 0}/{one['wanted']}" if one.get("wanted") else ""
        cause = _cause(one)
        rows.append((one["object"], pods, "the same" if cause in causes else one["why"]))
        causes.add(cause)
    widths = [max(len(row[n]) for row in rows) for n in range(2)]
    for row in rows:
        echo(f"  {row[0].ljust(widths[0])}  {row[1].ljust(widths[1])}  {row[2]}")


def _cause(failure: Mapping[str, Any]) -> str:
    """Return a cause without the name of its pod, in which alone those of one kind differ."""
    why, pod = str(failure.get("why", "")), failure.get("pod")
    return why.replace(str(pod), "") if pod else why


def _observations(found: Mapping[str, Any], written: set[str]) -> None:
    """Write pod, events and log of one object, without lines that were written for another one."""
    container = f", container {found['container']}" if found.get("container") else ""
    events = [f"  event {event}" for event in found.get("events") or []]
    log = [f"  log | {line}" for line in found.get("log") or []]
    new_lines = [line for line in events if line not in written] + ([] if log and set(log) <= written else log)
    written.update(new_lines)
    if found.get("pod"):
        echo(f"  pod {found['pod']}{container}")
    for line in new_lines:
        echo(line)


def _field(field: Field) -> None:
    if _is_text(field.old) and _is_text(field.new) and "\n" in field.old + field.new:
        _text_diff(field)
        return
    if field.had:
        echo(f"  - {field.path}: {_short(field.old)}", fg="red")
    if field.has:
        echo(f"  + {field.path}: {_short(field.new)}", fg="green")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _text_diff(field: Field) -> None:
    """Write the lines of a text that change, each with a line around it."""
    echo(f"  {field.path}:")
    lines = unified_diff(field.old.splitlines(), field.new.splitlines(), n=1, lineterm="")
    for line in list(lines)[2:]:
        echo(f"    {line}", fg={"-": "red", "+": "green", "@": "cyan"}.get(line[:1]))
    if field.old.endswith("\n") != field.new.endswith("\n"):
        echo("    no newline at the end" if field.old.endswith("\n") else "    a newline at the end")


def _some(fields: Sequence[str], changed: Sequence[str]) -> str:
    """Return the fields that change, and the number of those that stay as they are."""
    named = [path for path in changed if any(field.startswith(path) for field in fields)]
    rest = sum(not any(field.startswith(path) for path in named) for field in fields)
    words = [*named, f"{rest} that stay as they are"] if rest else named
    return ", ".join(words)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"
