"""The whole story of a run, for people: the first failure first, then what was done, undone, and what stays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ..journal.replay import Attempt, Status, Story
from ..spec import Action, Item
from . import details
from .failure import evidence
from .story_words import RESULTS, first_failure, following, meaning, staying
from .terminal import Styled, echo

COLOURS = {
    Status.SUCCEEDED: "green",
    Status.UNDONE: "yellow",
    Status.HELD: "yellow",
    Status.RUNNING: "cyan",
    Status.OPEN: "cyan",
}


def write_story(story: Story) -> None:
    """Write the story of a run."""
    status = Styled(story.status.value, fg=COLOURS.get(story.status, "red"), bold=True)
    echo(f"run {story.run} of {story.target}: ", status)
    echo(f"  {meaning(story)}")
    echo(f"  {_when(story)}{_who(story)}")
    first = first_failure(story)
    for step, why in story.damaged.items():
        echo(f"the record of step {step} is damaged, so what it did is not known: {why}", fg="red")
    if story.error:
        _failure(story.error, first)
    executions = [attempt for attempt in story.attempts if attempt.action is Action.EXECUTE]
    rollbacks = [attempt for attempt in story.attempts if attempt.action is Action.ROLLBACK]
    _attempts("what was done", executions, story, first)
    _attempts("what was undone", rollbacks, story, first)
    _attempts("what ran when it had ended", story.after, story, first)
    if left := staying(story):
        echo("what stays", bold=True)
        for line in left:
            echo(f"  {line}", fg="red")
    if command := following(story):
        echo(command)


def _failure(error: str, first: Attempt | None) -> None:
    where = f" (in step {first.step})" if first is not None else ""
    echo(f"first error{where}: {error}", fg="red")
    if first is not None:
        if first.data.get("remedy"):
            echo(f"  {first.data['remedy']}")
        evidence(first.data.get("details") or {})


def _attempts(title: str, attempts: Iterable[Attempt], story: Story, written: Attempt | None) -> None:
    for number, attempt in enumerate(attempts):
        if number == 0:
            echo(title, bold=True)
        _attempt(attempt, story.status is Status.RUNNING, written)


def _attempt(attempt: Attempt, at_work: bool, written: Attempt | None) -> None:
    again = f", attempt {attempt.number}" if attempt.number > 1 else ""
    result = RESULTS.get(attempt.result, attempt.result) if attempt.result or not at_work else "at work"
    result = result if attempt.began else "not known"
    summary = attempt.data.get("summary")
    took = f" ({_seconds(attempt.began, attempt.ended)})" if attempt.ended else ""
    echo(f"  {attempt.step}{again}: {result}" + (f": {summary}" if summary else "") + took)
    for found in attempt.data.get("items") or []:
        item = Item(found["what"], found["result"], found.get("why", ""), tuple(found.get("fields") or ()))
        details.item(item, indent="    ")
    if attempt.data.get("error") and attempt is not written:
        echo(f"    {attempt.data['error']}", fg="red")
        if attempt.data.get("remedy"):
            echo(f"    {attempt.data['remedy']}")
        evidence(attempt.data.get("details") or {})


def _when(story: Story) -> str:
    began = f"began {moment(story.started)}"
    if not story.ended:
        return f"{began}, has not ended" if story.status is not Status.INTERRUPTED else f"{began}, end not recorded"
    return f"{began}, ended {moment(story.ended)} ({_seconds(story.started, story.ended)})"


def _who(story: Story) -> str:
    if not story.by:
        return ""
    user, host, version = (story.by.get(key, "unknown") for key in ("user", "host", "version"))
    return f", by {user} on {host} with Sternway {version}"


def moment(text: str) -> str:
    """Return a time of the journal for people, to the second."""
    return f"{text[:19].replace('T', ' ')} UTC"


def _seconds(began: str, ended: str) -> str:
    try:
        return f"{(datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds():.1f} s"
    except ValueError:  # what an older Sternway wrote, or nobody
        return "unknown"
