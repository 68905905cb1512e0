"""The saga's picture: a column for each group of steps, what happened forward above, and what the undo did below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...exits import DONE
from ...journal.replay import Attempt, Status, Story
from ...spec import Action

_FORWARD = {
    DONE: ("good", "done"), "failed": ("bad", "failed"), "refused": ("bad", "refused"), "stopped": ("bad", "stopped"),
    "transient": ("bad", "gave up"), "bug": ("bad", "a bug"), "": ("bad", "cut off"),
}  # fmt: skip
_BACK = {DONE: ("back", "undone"), "": ("bad", "cut off"), "stopped": ("bad", "stopped")}


@dataclass(frozen=True)
class Cell:
    """What happened to a step on one way: a tone for the eye, and a word that says the same."""

    tone: str
    word: str


@dataclass(frozen=True)
class Step:
    """A step: its name, what it is when its name does not tell, and both ways."""

    name: str
    uses: str
    forward: Cell
    back: Cell


@dataclass(frozen=True)
class Column:
    """A group of steps, which run side by side when there are several."""

    steps: tuple[Step, ...]


def columns_of(story: Story) -> tuple[Column, ...]:
    """Return the picture's columns in the order of the configuration."""
    groups = story.config.get("steps") or ()
    each = ([group] if isinstance(group, Mapping) else list(group) for group in groups)
    return tuple(Column(tuple(_step(step, story) for step in group)) for group in each)


def _step(step: Mapping[str, Any], story: Story) -> Step:
    name, uses = str(step.get("name")), str(step.get("uses") or "")
    went, back = (_last(story, name, action) for action in (Action.EXECUTE, Action.ROLLBACK))
    return Step(name, uses if uses != name else "", _forward(story, name, went), _back(story, name, went, back))


def _last(story: Story, step: str, action: Action) -> Attempt | None:
    mine = (one for one in story.attempts if (one.step, one.action) == (step, action))
    return max(mine, key=lambda one: one.number, default=None)


def _forward(story: Story, name: str, went: Attempt | None) -> Cell:
    if name in story.damaged:
        return Cell("bad", "not known")
    if went is None:
        return Cell("none", "not begun")
    if not went.result and story.status is Status.RUNNING:
        return Cell("busy", "at work")
    return Cell(*_FORWARD.get(went.result, ("bad", went.result)))


def _back(story: Story, name: str, went: Attempt | None, back: Attempt | None) -> Cell:
    if back is not None:
        if not back.result and story.status is Status.RUNNING:
            return Cell("busy", "undoing")
        return Cell(*_BACK.get(back.result, ("bad", "not put back")))
    if name in story.stays:
        return Cell("warn", "stays")
    if went is not None and story.status is Status.SUCCEEDED:
        return Cell("none", "stands")
    if went is None or not went.intended:
        return Cell("none", "nothing to undo")
    return Cell("none", "not undone")
