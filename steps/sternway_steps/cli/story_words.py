"""A run's story in words: its state, the first failure, what stays, and what can be done next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..exits import DONE
from ..journal.replay import Attempt, Status, Story
from ..release.remedy import finish
from ..spec import Action

RESULTS = {
    "": "cut off: its process ended without a word",
    "done": "done",
    "transient": "something stood in the way that may pass",
    "stopped": "stopped",
    "refused": "refused",
    "bug": "a bug",
    "rollbackfailed": "not all of it could be put back",
}
"""What the results of attempts mean; any other result is its own word."""


def meaning(story: Story) -> str:
    """Return a sentence on the state of a run."""
    if story.back_to:
        return _way_back(story)
    why = _why_undone(story)
    match story.status:
        case Status.SUCCEEDED:
            return "every step succeeded, and what it changed stands"
        case Status.REFUSED:
            return "it was refused before it changed anything"
        case Status.HELD:
            return "it ended before it changed anything, for its target holds what it would have deployed again"
        case Status.UNDONE if not _executions(story):
            return "it ended before it changed anything"
        case Status.UNDONE:
            return f"{why}, and what it had changed was put back"
        case Status.ROLLBACK_FAILED:
            return f"{why}, and not everything could be put back"
        case Status.RUNNING:
            return "it is at work"
        case Status.LOCKED:
            return "its record is encrypted, and can't be read"
        case Status.INTERRUPTED if story.succeeded(story.steps()):
            return "every step succeeded, and only its end is not recorded"
        case Status.INTERRUPTED:
            return "its process ended without a word, so what it began is half done or half undone"
    by = f"Workflow {story.workflow} on Argo" if story.workflow else "whoever calls its steps one by one"
    return f"it has not ended, which is up to {by}"


def following(story: Story) -> str:
    """Return what can be done next, with the command; "" when there is nothing to be done."""
    undo = f"sternway rollback {story.name}"
    match story.status:
        case Status.SUCCEEDED if not story.back_to:
            return f"to undo it: {undo}"
        case Status.ROLLBACK_FAILED:
            return str(finish(story.name, _failures(story)))
        case Status.INTERRUPTED if story.succeeded(story.steps()) and not story.back_to:
            return f"the next run of {story.target} completes the record, or: {undo} --unfinished; to undo it: {undo}"
        case Status.INTERRUPTED:
            return f"{_left_to(story)}; to finish the undo: {undo}{_forward(story)}"
        case Status.OPEN if story.workflow:
            return f"when that Workflow is gone: {undo}"
        case Status.OPEN:
            return f"to end it: sternway report --run {story.name}; to undo it: {undo}"
    return ""


def _left_to(story: Story) -> str:
    match story.config.get("on_interrupt"):
        case "report":
            return "its onInterrupt leaves it to you"
        case "resume" if not story.went_on:
            return f"the next run of {story.target} goes on with it first, or undoes it"
    return f"the next run of {story.target} undoes it first"


def _forward(story: Story) -> str:
    back = story.back_to or story.resumed or any(attempt.action is Action.ROLLBACK for attempt in story.attempts)
    return "" if back else f"; to go on with it: sternway resume {story.name}"


def first_failure(story: Story) -> Attempt | None:
    """Return the attempt whose error is the run's first one."""
    executions = [a for a in _executions(story) if a.result not in ("", DONE)]
    same = [a for a in executions if str(a.data.get("error")) == story.error]
    last = {a.step: a for a in executions}
    found = same or [a for a in executions if last[a.step] is a]
    return found[0] if found else None


def staying(story: Story) -> list[str]:
    """Return what the run left in the world although it was undone, each with why."""
    left = [f"what {name} did, which is irreversible" for name in story.stays]
    rollbacks: dict[str, Mapping[str, Any]] = {}
    for attempt in story.attempts:
        if attempt.action is Action.ROLLBACK and attempt.result:
            rollbacks[attempt.step] = attempt.data  # what an earlier attempt could not do, a later one may have done
    for data in rollbacks.values():
        for item in data.get("items") or []:
            if item["result"] in ("kept", "conflict", "failed"):
                left.append(f"{item['what']}: {item.get('why') or item['result']}")
    return list(dict.fromkeys(left))


def _way_back(story: Story) -> str:
    how = f"to how things were after run {story.back_to}, by undoing {', '.join(story.undoes)}"
    if story.status is Status.SUCCEEDED:
        return f"it went back {how}"
    at_work = story.status in (Status.RUNNING, Status.OPEN)
    return f"it is going back {how}" if at_work else f"it was to go back {how}, and did not come to its end"


def _executions(story: Story) -> list[Attempt]:
    return [attempt for attempt in story.attempts if attempt.action is Action.EXECUTE]


def _why_undone(story: Story) -> str:
    if story.error:
        return "it did not succeed"
    lasts = [story.last(step) for step in story.steps()]
    if all(last is not None and last.result == DONE for last in lasts):
        return "it had succeeded, and its undo was asked for"
    return "its process had ended without a word"


def _failures(story: Story) -> Iterator[Mapping[str, Any]]:
    """Yield the details of the rollbacks whose last attempt failed."""
    lasts = {a.step: a for a in story.attempts if a.action is Action.ROLLBACK and a.result}
    return (last.data.get("details") or {} for last in lasts.values() if last.result != DONE)
