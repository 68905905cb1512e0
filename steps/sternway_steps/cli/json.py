"""For programs: one JSON object a line. `schema` is 1; `type` says what the object is. See README, "For programs"."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from ..cluster.preview import Preview
from ..config.document import Node
from ..config.shown import values
from ..events import Event, StepProgress
from ..journal.replay import Story

SCHEMA = 1


class JsonOutput:
    """Writes lines to standard output, errors too."""

    def event(self, event: Event) -> None:
        """Write an event: type is its name, such as step-ended."""
        name = "".join(("-" if c.isupper() else "") + c.lower() for c in type(event).__name__).strip("-")
        data = {field.name: _plain(getattr(event, field.name)) for field in fields(event)}
        if isinstance(event, StepProgress):
            progress = data.pop("progress")
            data |= progress
        _write(name, data)

    def plan(self, previews: Sequence[Preview]) -> None:
        """Write the plan: an object for each."""
        for found in previews:
            changes = [
                {
                    "field": f.path,
                    **({"old": f.old} if f.had else {}),
                    **({"new": f.new} if f.has else {}),
                }
                for f in found.fields
            ]
            _write(
                "plan-object", {"object": str(found.ref), "result": found.result, "fields": changes, "why": found.why}
            )

    def stays(self, steps: Sequence[str]) -> None:
        """Write which steps of the plan no undo takes back, an object for each."""
        for name in steps:
            _write("plan-stays", {"step": name})

    def runs(self, stories: Sequence[Story]) -> None:
        """Write an object for each run."""
        for story in stories:
            _write("run", _summary(story))

    def story(self, story: Story) -> None:
        """Write a run with all its attempts."""
        _write("run", {**_summary(story), "attempts": [_attempt(asdict(a)) for a in story.attempts]})

    def config(self, document: Node) -> None:
        """Write an object for each value."""
        for key, value, source in values(document):
            _write("config-value", {"key": key, "value": value, "source": source})

    def error(self, error: Exception) -> None:
        """Write an error."""
        _write("error", _plain(error))

    def note(self, text: str) -> None:
        """Write a remark."""
        _write("note", {"message": text})


def _summary(story: Story) -> dict[str, Any]:
    names = ("run", "target", "started", "ended", "status", "error")
    told: dict[str, Any] = {name: str(getattr(story, name)) for name in names}
    return {**told, "stays": list(story.stays)} if story.stays else told


def _attempt(attempt: dict[str, Any]) -> dict[str, Any]:
    data = dict(attempt.pop("data"))
    data["details"] = _without_objects(data.get("details") or {})
    return {**attempt, **data}


def _plain(value: Any) -> Any:
    if isinstance(value, Exception):
        return {
            "kind": type(value).__name__,
            "message": str(value),
            "remedy": getattr(value, "remedy", None),
            "details": _without_objects(getattr(value, "details", {})),
        }
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def _without_objects(details: Mapping[str, Any]) -> dict[str, Any]:
    # Manifests may hold secrets in variables; they stay in the journal.
    return {key: value for key, value in details.items() if key != "objects"}


def _write(kind: str, data: Mapping[str, Any]) -> None:
    json.dump({"schema": SCHEMA, "type": kind, **data}, sys.stdout, default=str, ensure_ascii=False)
    sys.stdout.write("\n")
    sys.stdout.flush()
