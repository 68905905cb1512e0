"""A run's story by what was heard of it, for when its journal tells nothing: it was refused, or can't be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from ..config import Config
from ..exits import DONE, word_of
from ..journal.name import RunName
from ..journal.replay import Attempt, Status, Story
from ..saga.author import author
from ..saga.event_json import without_objects
from ..saga.events import Event, RunEnded, RunStarted, StepEnded, StepStarted
from .code_of import code_of


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Heard:
    """Takes the events of a run, and gives its story.

    Args:
        config: what is run.
        now: the time as the journal writes it; for tests.

    """

    def __init__(self, config: Config, now: Callable[[], str] = _now) -> None:
        self._config, self._now = config, now
        self._began = now()
        self._attempts: list[Attempt] = []
        self.name = ""
        """What commands call the run; "" before it began."""
        self._target = f"{config.namespace}.{config.name}" if config.namespace else config.name
        self._end: RunEnded | None = None
        self._aside = False

    def event(self, event: Event) -> None:
        """Take an event; what another run left half done is undone first, and is no part of this one."""
        if isinstance(event, RunStarted):
            self._aside = event.undo_only
        if self._aside:
            self._aside = not isinstance(event, RunEnded)
            return
        match event:
            case RunStarted():
                self.name, self._target = event.name or event.run, event.target
                self._attempts, self._end = [], None
            case StepStarted():
                began = self._now()
                self._attempts.append(Attempt(event.step, event.action, event.attempt, began, "", "", {}, end=event.on))
            case StepEnded():
                self._ended(event)
            case RunEnded():
                self.name, self._end = event.name or event.run, event

    def story(self, error: Exception | None = None) -> Story:
        """Return the story; `error` is what the run raised, before it began."""
        end, named = self._end, RunName.parse(self.name)
        first = end.error if end is not None else error
        return Story(
            run=named.run,
            target=self._target,
            started=self._began,
            ended=self._now(),
            status=Status(end.status) if end is not None else Status.REFUSED,
            config=self._config.to_dict(),
            error=str(first) if first is not None else "",
            stepwise=False,
            attempts=tuple(one for one in self._attempts if not one.end),
            after=tuple(one for one in self._attempts if one.end),
            stays=end.stays if end is not None else (),
            exit_code=end.exit_code if end is not None else code_of(error) if error is not None else 0,
            rollback_errors=tuple(map(str, end.rollback_errors)) if end is not None else (),
            by=author(),
            place=named.place,
        )

    def _ended(self, event: StepEnded) -> None:
        for number, one in reversed(list(enumerate(self._attempts))):
            if (one.step, one.action, one.result) == (event.step, event.action, ""):
                result = word_of(event.error) if event.error is not None else DONE
                self._attempts[number] = replace(one, ended=self._now(), result=result, data=_data(event))
                return


def _data(event: StepEnded) -> dict[str, Any]:
    data: dict[str, Any] = {"summary": event.summary, "items": [asdict(item) for item in event.items]}
    if event.error is not None:
        data |= {"error": str(event.error), "remedy": getattr(event.error, "remedy", None)}
        data["details"] = without_objects(getattr(event.error, "details", None) or {})
    return data
