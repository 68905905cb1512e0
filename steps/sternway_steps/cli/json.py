"""Output for programs: one JSON object a line.

`schema` is 1; `type` says what the object is. See docs/reference/events.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ..config.origins import values
from ..journal.replay import Story
from ..plain_text import escaped_in_json
from ..release.preview import Preview
from ..saga.event_json import as_data, to_json, without_objects
from ..saga.events import Event, RunStarted
from ..saga.recorded_changes import RecordedChange
from ..yamltree.document import Node
from .prints import our_stdout
from .runs_table import images, origin
from .story_words import following, meaning, staying

SCHEMA = 1


def usage_error(message: str, remedy: str) -> None:
    """Write what is wrong with a command line, as errors are written."""
    about = {"kind": "UsageError", "name": "UsageError", "page": "docs/reference/exit-codes.md"}
    write_line("error", {**about, "message": message, "remedy": remedy or None, "details": {}})


class JsonOutput:
    """Writes lines to standard output, errors too."""

    def __init__(self) -> None:
        self._of = {"run": "", "namespace": ""}

    def event(self, event: Event, at: str = "") -> None:
        """Write an event, whose type is its name such as step-ended, with its time, its run and its target's namespace.

        A field of the event itself wins: the run of `waiting` is the one that is waited for.
        """
        if isinstance(event, RunStarted):
            self._of = {"run": event.run, "namespace": event.target.partition(".")[0]}
        data = as_data(event)
        time = at or datetime.now(UTC).isoformat(timespec="milliseconds")
        write_line(data.pop("type"), {"time": time, **self._of, **data})

    def plan(self, previews: Sequence[Preview], *, whole: bool = False) -> None:  # noqa: ARG002  it is always whole
        """Write the plan, an object for each manifest."""
        for found in previews:
            changes = [
                {
                    "field": f.path,
                    **({"old": f.old} if f.had else {}),
                    **({"new": f.new} if f.has else {}),
                }
                for f in found.fields
            ]
            takes_over = [{"manager": manager, "fields": fields} for manager, fields in found.takes_over]
            conflicts = [{"manager": manager, "fields": fields} for manager, fields in found.conflicts]
            data = {"object": str(found.ref), "result": found.result, "fields": changes, "why": found.why}
            write_line("plan-object", {**data, "takes_over": takes_over, "conflicts": conflicts, "notes": found.notes})

    def stays(self, steps: Sequence[str]) -> None:
        """Write which steps of the plan no undo reverts, an object for each."""
        for name in steps:
            write_line("plan-stays", {"step": name})

    def runs(self, stories: Sequence[Story], *, wide: bool = False) -> None:  # noqa: ARG002  programs get all of it
        """Write an object for each run."""
        for story in stories:
            write_line("run", {**_summary(story), "from": origin(story), "images": list(images(story))})

    def story(self, story: Story, changes: Callable[[], Sequence[RecordedChange]] = tuple) -> None:  # noqa: ARG002  for a page
        """Write a run with all its attempts."""
        written: dict[str, Any] = {"meaning": meaning(story), "next": following(story), "left": staying(story)}
        written |= {"damaged": dict(story.damaged)} if story.damaged else {}
        attempts = [_attempt(asdict(each)) for each in (*story.attempts, *story.after)]
        write_line("run", {**_summary(story), "attempts": attempts, **written})

    def config(self, document: Node) -> None:
        """Write an object for each value."""
        for key, value, source in values(document):
            write_line("config-value", {"key": key, "value": value, "source": source})

    def error(self, error: Exception) -> None:
        """Write an error."""
        write_line("error", to_json(error))

    def note(self, text: str) -> None:
        """Write a remark."""
        write_line("note", {"message": text})

    notice = note

    def result(self, kind: str, data: Mapping[str, Any], lines: Sequence[str]) -> None:  # noqa: ARG002  for people
        """Write `data` as one object of type `kind`."""
        write_line(kind, data)

    def done(self) -> None:
        """Do nothing: each line was complete."""


def _summary(story: Story) -> dict[str, Any]:
    names = ("run", "target", "started", "ended", "status", "error")
    written: dict[str, Any] = {name: str(getattr(story, name)) for name in (*names, "name")}
    more = {"stays": story.stays, "back_to": story.back_to, "undoes": story.undoes, "by": dict(story.by)}
    return {
        **written,
        **{key: list(value) if isinstance(value, tuple) else value for key, value in more.items() if value},
    }


def _attempt(attempt: dict[str, Any]) -> dict[str, Any]:
    data = dict(attempt.pop("data"))
    del attempt["intended"]
    if not attempt["end"]:
        del attempt["end"]
    data["details"] = without_objects(data.get("details") or {})
    return {**attempt, **data}


def write_line(kind: str, data: Mapping[str, Any]) -> None:
    """Write one object in one line; `kind` is its type."""
    text = json.dumps({"schema": SCHEMA, "type": kind, **data}, default=str, ensure_ascii=False)
    stream = our_stdout()
    stream.write(escaped_in_json(text) + "\n")
    stream.flush()
