"""Rules about CronWorkflows (Argo, validate.CronWorkflow, and robfig/cron's standard parser, which Argo uses)."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Mapping

from .findings import Flaw, Severity
from .model import Workflow
from .nodes import child, items, key_location, text

# The workflow's name is this and a time stamp, and has to fit into a label.
_LONGEST = 52
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: n for n, name in enumerate(_MONTH_NAMES, 1)}
_DAYS = {name: n for n, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_FIELDS: tuple[tuple[str, int, int, Mapping[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),
)
WORDS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_EVERY = re.compile(r"@every\s+(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+")
_RANGE = re.compile(r"(?P<first>\*|\?|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")


def replace(workflow: Workflow) -> Iterator[Flaw]:
    """Find CronWorkflows whose next run kills the one before without its handler."""
    policy = child(workflow.node, "spec", "concurrencyPolicy")
    if workflow.kind != "CronWorkflow" or text(policy) != "Replace" or policy is None:
        return
    handler = workflow.handler or (workflow.referred.handler if workflow.referred is not None else None)
    if handler is None and (workflow.ref is None or workflow.referred is not None):
        return
    message = "Replace terminates the running workflow when the next one is due: its exit handler does not run"
    yield Flaw(
        policy, message, "write concurrencyPolicy: Forbid", severity=Severity.WARNING if handler is None else None
    )


def name(workflow: Workflow) -> Iterator[Flaw]:
    """Find names that leave no room for the time stamp."""
    if workflow.kind == "CronWorkflow" and len(workflow.name) > _LONGEST:
        location = key_location(child(workflow.node, "metadata"), "name")
        message = f"the name of a CronWorkflow may have {_LONGEST} characters, this one has {len(workflow.name)}"
        yield Flaw(location, message, "shorten it")


def schedule(workflow: Workflow) -> Iterator[Flaw]:
    """Find schedules that Argo can't read, and CronWorkflows without one."""
    if workflow.kind != "CronWorkflow":
        return
    spec = child(workflow.node, "spec")
    found = items(child(spec, "schedules"))
    if not found and child(spec, "schedule") is None:
        yield Flaw(
            spec or workflow.node, "the CronWorkflow has no schedules, so Argo refuses it", 'add schedules: ["…"]'
        )
    for node in found:
        if wrong := wrong_schedule(text(node)):
            yield Flaw(node, f"{text(node)!r} is no schedule: {wrong}", "minute hour day-of-month month day-of-week")


def timezone(workflow: Workflow) -> Iterator[Flaw]:
    """Find unknown time zones; nothing is found where the machine has no list of them."""
    node = child(workflow.node, "spec", "timezone") if workflow.kind == "CronWorkflow" else None
    zones = zoneinfo.available_timezones() if node is not None else set()
    if node is not None and zones and text(node) not in zones | {"Local", "UTC"}:
        yield Flaw(node, f"{text(node)!r} is no time zone", "a name of the IANA list: Europe/Berlin")


def wrong_schedule(schedule: str) -> str:
    """Return what is wrong with a schedule, or ""."""
    zone, _, rest = schedule.partition(" ")
    if zone.startswith(("TZ=", "CRON_TZ=")):
        schedule = rest.strip()
    if schedule.startswith("@"):
        return "" if schedule in WORDS or _EVERY.fullmatch(schedule) else "there is no such word"
    parts = schedule.split()
    if len(parts) != len(_FIELDS):
        return f"it has {len(parts)} fields, not {len(_FIELDS)}"
    for part, (what, low, high, names) in zip(parts, _FIELDS, strict=True):
        for piece in part.split(","):
            if piece and (wrong := _wrong_range(piece, low, high, names)):
                return f"{what} {piece!r} {wrong}"
    return ""


def _wrong_range(piece: str, low: int, high: int, names: Mapping[str, int]) -> str:
    found = _RANGE.fullmatch(piece)
    if found is None:
        return "can't be read"
    first, last, step = found.group("first", "last", "step")
    if step is not None and not int(step):
        return "has a step of 0"
    if first in "*?":
        return ""
    start = _number(first, names)
    end = start if last is None else _number(last, names)
    if start is None or end is None:
        return "is no number"
    if not (low <= start <= high and low <= end <= high):
        return f"is not in {low} to {high}"
    return "" if start <= end else "runs backwards"


def _number(text: str, names: Mapping[str, int]) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else names.get(text.lower())
