"""One YAML document of manifests as JSON data, within limits; see `resolve` for what its scalars mean."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .bounds import LimitExceeded, Limits
from .collections import DuplicateKey, Frame, MisplacedValue
from .errors import ConfigError, ConfigErrors, SourceLocation
from .parser import TEMPLATE, yaml_error
from .resolve import MERGE, STR, as_json, resolve

_OPEN = object()
_NEXT = "begin the next document with a line ---"


@dataclass
class Document:
    """A document as JSON data, and its location; `marks` has line and column of its mappings, by id()."""

    value: Any
    location: SourceLocation
    marks: dict[int, tuple[int, int]] = field(default_factory=dict)

    def location_of(self, value: Any, otherwise: SourceLocation) -> SourceLocation:
        """Return the location of a mapping, or `otherwise` where it is not known."""
        return SourceLocation(self.location.source, *self.marks[id(value)]) if id(value) in self.marks else otherwise


def from_yaml(text: str, source: str, first_line: int) -> Document:
    """Return the one document of a text, whose first line has the number `first_line` in its file.

    Refuses what kubectl would lose silently: duplicate keys, and what follows the end of the document ('...').
    Raises: ConfigErrors.
    """
    import yaml

    reading = _Reading(source, first_line)
    taking = {
        yaml.DocumentStartEvent: reading.document,
        yaml.DocumentEndEvent: reading.end_document,
        yaml.ScalarEvent: reading.scalar,
        yaml.AliasEvent: reading.alias,
        yaml.MappingStartEvent: lambda event: reading.begin(event, {}),
        yaml.SequenceStartEvent: lambda event: reading.begin(event, []),
        yaml.MappingEndEvent: reading.end,
        yaml.SequenceEndEvent: reading.end,
    }
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    errors: list[ConfigError] = []
    try:
        for event in iter(loader.get_event, None):
            if take := taking.get(type(event)):
                take(event)
    except yaml.YAMLError as error:
        finding = yaml_error(error, source, text, first_line)
        errors.append(replace(finding, hint=_NEXT) if reading.ended else finding)
    except ConfigErrors as bad:
        errors += bad.errors
    finally:
        loader.dispose()
    errors += reading.duplicate_key_errors()
    if errors:
        raise ConfigErrors(errors)
    return Document(reading.value, SourceLocation(source, *(reading.start or (first_line, 1))), reading.marks)


class _Reading:
    def __init__(self, source: str, first_line: int) -> None:
        self.value: Any = None
        self.ended = False
        self.start: tuple[int, int] | None = None
        self.marks: dict[int, tuple[int, int]] = {}
        self._source, self._first = source, first_line
        self._anchors: dict[str, Any] = {}
        self._frames: list[Frame] = []
        self._duplicates: list[DuplicateKey] = []
        self._limits = Limits()

    def document(self, event: Any) -> None:
        """Handle the start of a document."""
        if self.ended:
            self._refuse(event, "the document ended above this", _NEXT)

    def end_document(self, event: Any) -> None:  # noqa: ARG002
        """Handle its end."""
        self.ended = True

    def begin(self, event: Any, value: Any) -> None:
        """Handle the start of a list or mapping."""
        self._count(event, value)
        if event.anchor is not None:
            self._anchors[event.anchor] = _OPEN
        self._frames.append(Frame(value, event.anchor, self._duplicates))
        if isinstance(value, dict):
            self.marks[id(value)] = self._mark(event)

    def end(self, event: Any) -> None:
        """Handle its end."""
        frame = self._frames.pop()
        self._put(event, frame.value, frame.anchor)

    def scalar(self, event: Any) -> None:
        """Handle a scalar; its tag says what it is, and without a tag and quotes its form does."""
        self._count(event, event.value)
        plain = event.implicit[0]
        if event.value == "<<" and (plain or event.tag == MERGE) and self._frames and self._frames[-1].wants_key:
            self._frames[-1].merge()
            return
        try:
            value = resolve(event.tag or ("" if plain else STR), event.value)
        except ValueError as error:
            self._refuse(event, f"{event.value[:60]!r} can't be read: {error}", "put it in quotes, without a tag")
        self._put(event, value, event.anchor)

    def alias(self, event: Any) -> None:
        """Handle an alias: add a copy of what its anchor names."""
        value = self._anchors.get(event.anchor, self)
        if value is self:
            self._refuse(event, f"there is no anchor &{event.anchor} above this", "it has to be in the same document")
        if value is _OPEN:
            self._refuse(event, "this holds itself, by an alias", "write it without aliases")
        self._put(event, self._copy(value, event, 0), None)

    def duplicate_key_errors(self) -> list[ConfigError]:
        """Return a finding for each duplicate key."""
        return [
            ConfigError(
                SourceLocation(self._source, each.line, each.column),
                each.key,
                f"key {each.key!r} stands twice, first in line {each.first}",
                hint="remove one of the two" + (f", or {_NEXT}" if each.key in ("apiVersion", "kind") else ""),
            )
            for each in self._duplicates
        ]

    def _mark(self, event: Any) -> tuple[int, int]:
        return event.start_mark.line + self._first, event.start_mark.column + 1

    def _refuse(self, event: Any, message: str, hint: str, expected: str = "") -> None:
        raise ConfigErrors([ConfigError(SourceLocation(self._source, *self._mark(event)), "", message, expected, hint)])

    def _count(self, event: Any, value: Any, below: int = 0) -> None:
        """Count a value at the present depth, or `below` levels deeper."""
        self.start = self.start or self._mark(event)
        try:
            self._limits.add(value, len(self._frames) + below)
        except LimitExceeded as bad:
            self._refuse(event, str(bad), bad.hint)

    def _copy(self, value: Any, event: Any, below: int) -> Any:
        self._count(event, value, below)
        if isinstance(value, dict):
            value = {key: self._copy(each, event, below + 1) for key, each in value.items()}
            self.marks[id(value)] = self._mark(event)
            return value
        return [self._copy(each, event, below + 1) for each in value] if isinstance(value, list) else value

    def _put(self, event: Any, value: Any, anchor: str | None) -> None:
        """Add a complete value to the list or mapping that it stands in."""
        if anchor is not None:
            self._anchors[anchor] = value
        try:
            if self._frames:
                self._frames[-1].put(value, *self._mark(event))
            else:
                self.value = as_json(value)
        except MisplacedValue as bad:
            self._refuse(event, str(bad), "", bad.expected)
        except ValueError as error:
            hint = TEMPLATE if isinstance(value, dict) else "put it in quotes"
            self._refuse(event, f"{str(value)[:60]!r} can't stand here: {error}", hint)
