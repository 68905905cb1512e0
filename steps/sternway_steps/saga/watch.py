"""A run that is at work elsewhere, as events: its journal is read again and again until it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..errors import ClusterError, SternwayError, Stopped, is_transient
from ..exits import Exit
from ..journal.doing import counted
from ..journal.entries import Record
from ..journal.replay import Attempt, Status, Story
from ..spec import Action, Item, Progress
from .attempt_errors import error_of
from .events import Event, RunEnded, RunStarted, StepEnded, StepProgress, StepStarted
from .story_end import StoryEnd, seconds

if TYPE_CHECKING:
    from .workflow import WorkflowState

Tell = Callable[[Event, str], None]
"""Takes an event, and when it was, as the journal writes times."""
Read = Callable[[], tuple[Sequence[Record], Story]]
_Key = tuple[str, Action, int]
_LOOK_AFTER = 10
"""Readings after which it is asked whether the Workflow that makes the run is still there."""


def watch(
    read: Read,
    tell: Tell,
    note: Callable[[str], None],
    stop: threading.Event,
    end_of: Callable[[Story], StoryEnd],
    state: Callable[[Story], WorkflowState],
    every: float,
) -> Exit:
    """Tell the events of a run until it ends, and return its exit code; 0 when what it did stands, and not else.

    A run whose process is gone without a word ends 5: what it began is half done, or half undone; 75 when only its end
    is not recorded. 143 when `stop` was set.

    Raises: Refused when there is no such run any more.
    """
    told, away, gone, turn = Told(tell), False, False, 0
    while True:
        try:
            records, story = read()
        except (SternwayError, ClusterError) as error:
            if not is_transient(error):
                raise
            if not away:
                note(f"the journal can't be read now, it is tried again: {error}")
            away = True
        else:
            away, turn = False, turn + 1
            told.take(story, records, end_of)
            if story.ended:
                return told.end(end_of(story).event(), story.ended)
            # Its end is written before its lock is let go of: what was read before that is read once more.
            was_gone, gone = gone, _is_gone(story, state, note, turn, quietly=gone)
            if was_gone and gone:
                return told.end(end_of(story).cut_off(), "")
        if stop.wait(every):
            return Exit.STOPPED


def _is_gone(
    story: Story, state: Callable[[Story], WorkflowState], note: Callable[[str], None], turn: int, *, quietly: bool
) -> bool:
    if story.status is Status.INTERRUPTED:
        return True
    if story.status is not Status.OPEN or not story.workflow or (turn % _LOOK_AFTER and not quietly):
        return False
    try:
        found = state(story)
    except (SternwayError, ClusterError):
        return False  # the next look tells
    if found.over and not quietly:
        note(found.how)
    return bool(found.over)


class Told:
    """Tells what is new in a story, each event once, in the order of a run in one process."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._open: dict[_Key, str] = {}
        self._over: set[_Key] = set()
        self._begun = self._undoing = False
        self._on: dict[str, str] = {}

    def take(self, story: Story, records: Sequence[Record], end_of: Callable[[Story], StoryEnd]) -> None:
        """Tell what is new."""
        if not self._begun:
            self._begun = True
            started = RunStarted(
                story.run, story.target, story.steps(), story.place, back_to=story.back_to, name=story.name
            )
            self._tell(started, story.started)
            self._on = {str(step.get("name")): str(step.get("on")) for step in story.config.get("on_end") or ()}
        attempts = (*story.attempts, *story.after)
        for one in attempts:  # what has ended did so before anything new began
            if one.result and _key(one) in self._open:
                self._ended(one)
        for one in attempts:
            if one.action is Action.ROLLBACK and not self._undoing:
                self._undoing = True
                self._cut_off([key for key in self._open if key[1] is Action.EXECUTE], one.began)
                self._tell(end_of(story).undo(), one.began)
            if _key(one) in self._over:
                continue
            if _key(one) not in self._open:
                # Nobody begins a step again that is still at work.
                self._cut_off([key for key in self._open if key[:2] == _key(one)[:2]], one.began)
                self._open[_key(one)] = ""
                self._tell(StepStarted(*_key(one), on=self._at_end(one)), one.began)
            if one.result:
                self._ended(one)
        for record in records:
            self._progress(record)

    def end(self, event: RunEnded, at: str) -> Exit:
        """Tell what was cut off, and the end; return the exit code."""
        self._cut_off(list(self._open), at)
        self._tell(event, at)
        return Exit(event.exit_code)

    def _cut_off(self, keys: Sequence[_Key], at: str) -> None:
        for step, action, number in keys:
            del self._open[step, action, number]
            self._over.add((step, action, number))
            error = Stopped(f"attempt {number} of step {step} was cut off")
            self._tell(StepEnded(step, action, str(error), 0.0, (), error), at)

    def _ended(self, one: Attempt) -> None:
        self._open.pop(_key(one), None)
        self._over.add(_key(one))
        items = tuple(
            Item(i["what"], i["result"], i.get("why", ""), tuple(i.get("fields") or ()))
            for i in one.data.get("items") or ()
        )
        for item in items:  # a run in one process tells them as they come
            progress = Progress(f"{item.result} {item.what}", item=item)
            self._tell(StepProgress(one.step, one.action, progress), one.ended)
        error = error_of(one)
        summary = str(error) if error is not None else str(one.data.get("summary") or "")
        took = seconds(one.began, one.ended)
        self._tell(StepEnded(one.step, one.action, summary, took, items, error, on=self._at_end(one)), one.ended)

    def _at_end(self, one: Attempt) -> str:
        """Return the word of a step that ran when the run had ended; "" for any other."""
        return self._on.get(one.step, "always") if one.end else ""

    def _progress(self, record: Record) -> None:
        """Tell of a step at work how much of what it is to do is recorded as done."""
        if not record.key.step:
            return
        key = (record.key.step, Action(record.key.action), record.key.attempt)
        done, wanted = counted(record)
        said = f"{done} of {wanted} objects applied"
        if wanted and self._open.get(key, said) != said:
            self._open[key] = said
            self._tell(StepProgress(*key[:2], Progress(said, done, wanted, passing=True)), "")


def _key(attempt: Attempt) -> _Key:
    return attempt.step, attempt.action, attempt.number
