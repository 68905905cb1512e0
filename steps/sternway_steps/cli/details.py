"""The lines below a line: objects, differences, evidence of failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..release.preview import Preview
from ..spec import Item
from .plan_lines import heading, lines_of
from .terminal import Styled, echo

_COLOURS = {
    "created": "green", "changed": "green", "restored": "yellow", "deleted": "yellow", "kept": "cyan",
    "conflict": "red", "failed": "red", "rejected": "red", "create": "green", "change": "yellow", "recreate": "yellow",
}  # fmt: skip
_SIGNS = {"-": "red", "+": "green", "@": "cyan", "!": "yellow"}


def item(item_: Item, who: str = "", indent: str = "  ") -> None:
    """Write the result of one object; `who` is written before it."""
    echo(
        f"{indent}{who}",
        Styled(item_.result, fg=_COLOURS.get(item_.result)),
        f" {item_.what}" + (f": {item_.why}" if item_.why else ""),
    )
    if item_.fields and item_.result in ("changed", "restored", "conflict", "failed"):
        echo(f"{indent}  {', '.join(item_.fields)}")


def preview(found: Preview, *, whole: bool = False) -> None:
    """Write what would change in one object; a long list is folded unless the `whole` is asked for."""
    echo(Styled(found.result, fg=_COLOURS.get(found.result)), f" {heading(found)}")
    for line in lines_of(found, whole=whole):
        echo(f"  {line.text}", fg=_SIGNS.get(line.sign))


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
