"""What is shown of a failure below its cause: the objects that failed, the last log lines, the events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .terminal import echo
from .told_logs import ToldLogs

_ALSO = "; also failed: "


def readable(details: Any) -> dict[str, Any]:
    """Return the details of an error as they are shown here.

    A step of anybody's, and a journal, may hold anything there: what is no list or no table is left out, and a cause
    that is a text (as a build's was) is told as one.
    """
    found = dict(details) if isinstance(details, Mapping) else {}
    cause = found.get("cause")
    found["cause"] = cause if isinstance(cause, Mapping) else {"message": cause} if isinstance(cause, str) else {}
    found["failures"] = [readable(one) for one in _list(found.get("failures")) if isinstance(one, Mapping)]
    for key in ("events", "log"):
        found[key] = [str(one) for one in _list(found.get(key))]
    return found


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def cause_of(error: BaseException) -> str:
    """Return what an error says, without the names of other objects that failed: these are in the table below it."""
    several = readable(getattr(error, "details", None))["failures"]
    return str(error).partition(_ALSO)[0] if several else str(error)


def evidence(details: Any, *, brief: bool = False, told: ToldLogs | None = None) -> None:
    """Write the evidence of a failed rollout: all objects that failed; then pod, events and log of each.

    `brief` leaves out events that say what the cause says, `told` the lines of logs that were written before.
    """
    details = readable(details)
    failures: Sequence[Mapping[str, Any]] = details["failures"]
    _table(failures)
    written: set[str] = set()
    for found in (details, *failures[1:]):
        _observations(found, written, brief, told or ToldLogs())
    if "body" in details:
        echo(f"  answer {details.get('status')}: {details['body']}")


def _table(failures: Sequence[Mapping[str, Any]]) -> None:
    """Write all objects that failed; a cause that was written before is not repeated, and the first one was."""
    if len(failures) < 2:
        return
    rows, causes = [("FAILED", "PODS", "CAUSE")], set[str]()
    for one in failures:
        pods = f"{one.get('done') or 0}/{one['wanted']}" if one.get("wanted") else ""
        cause = _cause(one)
        told = "as above" if not causes else "the same" if cause in causes else one.get("why", "")
        rows.append((str(one.get("object", "")), pods, told))
        causes.add(cause)
    widths = [max(len(row[n]) for row in rows) for n in range(2)]
    for row in rows:
        echo(f"  {row[0].ljust(widths[0])}  {row[1].ljust(widths[1])}  {row[2]}")


def _cause(failure: Mapping[str, Any]) -> str:
    """Return a cause without the name of its pod, in which alone those of one kind differ."""
    why, pod = str(failure.get("why", "")), failure.get("pod")
    return why.replace(str(pod), "") if pod else why


def _observations(found: Mapping[str, Any], written: set[str], brief: bool, told: ToldLogs) -> None:
    """Write pod, events and log of one object, without lines that were written for another one."""
    container = f", container {found['container']}" if found.get("container") else ""
    known = _words(_message(found)) if brief else set()
    events = [f"  event {event}" for event in found["events"] if not known or not known <= _words(event)]
    log = [f"  log | {line}" for line in told.below(str(found.get("pod")), found["log"])]
    new_lines = [line for line in events if line not in written] + ([] if log and set(log) <= written else log)
    written.update(new_lines)
    if found.get("pod"):
        echo(f"  pod {found['pod']}{container}")
    for line in new_lines:
        echo(line)


def _message(failure: Mapping[str, Any]) -> str:
    """Return a cause without its reason, which is a word of Kubernetes' own."""
    return str(failure["cause"].get("message") or str(failure.get("why") or "").partition(": ")[2])


def _words(text: str) -> set[str]:
    """Return the words of a text, without the signs around them."""
    return {word.strip("\"':,;.()") for word in re.split(r"\s+", text.lower())} - {""}
