"""Reads sections by tables of their keys, and collects every finding."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .document import Entry, Node
from .errors import MOST_TOLD, ConfigError, SourceLocation
from .scalar import InvalidValue, Scalar


@dataclass(frozen=True)
class Key:
    """What a key of a section is read by, and what people are told of it.

    `about` is plain text, `default` what stands for a key that is left out, as it is read (a time in seconds), and
    `examples` are values as a file has them.
    """

    kind: Any
    about: str
    default: Any = None
    examples: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Section:
    """A mapping with fixed keys; `make` turns what was read into a value.

    A key is a Key, or what reads its value, where nobody is told of it. `instead` are hints by keys that there are not
    but people write; `alone` is the key that a value is probably meant for which stands there without a mapping.
    """

    keys: Mapping[str, Any]
    make: Callable[..., Any] = dict
    required: tuple[str, ...] = ()
    instead: Mapping[str, str] = field(default_factory=dict)
    alone: str = ""

    def kind(self, key: str) -> Any:
        """Return what reads the value of a key that there is."""
        found = self.keys[key]
        return found.kind if isinstance(found, Key) else found


@dataclass(frozen=True)
class Many:
    """A list of values of one kind; `hint` is for who writes something else in its place."""

    of: Any
    hint: str = ""


@dataclass(frozen=True)
class Table:
    """A mapping with keys that the user chooses."""

    key: Scalar[str]
    of: Any


@dataclass(frozen=True)
class Short:
    """A value with a short form: what is no mapping is read by `short`."""

    short: Any
    long: Any


@dataclass(frozen=True)
class Group:
    """A value, or a list of values of the same kind, which is returned as a tuple."""

    of: Any


class Raw:
    """Any YAML, returned as it is."""


MISSING = object()


class Reader:
    """Reads nodes by their kinds. A value that can't be read is a finding and MISSING; reading goes on."""

    def __init__(self) -> None:
        self.errors: list[ConfigError] = []

    def read(self, node: Node, kind: Any, field: str) -> Any:
        """Return the value of a node, read as Section, Many, Group, Table, Short, Raw, or by a reader of one value."""
        if isinstance(kind, Short):
            kind = kind.long if isinstance(node.value, dict) else kind.short
        if isinstance(kind, Group):
            if not isinstance(node.value, list):
                return self.read(node, kind.of, field)
            if not node.value:
                self.report(node.location, field, "this group is empty", hint="remove it, or name its steps")
            values = self._many(node, Many(kind.of), field)
            return MISSING if values is MISSING or not values else tuple(values)
        if isinstance(kind, Section):
            return self._section(node, kind, field)
        if isinstance(kind, Many):
            return self._many(node, kind, field)
        if isinstance(kind, Table):
            return self._table(node, kind, field)
        if isinstance(kind, Raw):
            return node.data()
        try:
            value = kind(node)
        except InvalidValue as bad:
            hint = bad.hint or ("leave the key out" if node.value is None else "")
            self.report(node.location, field, bad.message, bad.expected, hint)
            return MISSING
        if isinstance(value, str) and not node.location.line:
            node.value = value  # what a flag means as text is text in the document too
        return value

    def report(self, location: SourceLocation, field: str, message: str, expected: str = "", hint: str = "") -> None:
        """Add a finding."""
        self.errors.append(ConfigError(location, field, message, expected, hint))

    def _section(self, node: Node, section: Section, field: str) -> Any:
        entries = self._mapping(node, field, section.alone)
        values, complete = {}, True
        for key, entry in entries.items():
            path = f"{field}.{key}" if field else key
            if key not in section.keys:
                # The search costs more than all else of a key, and what is told has an end.
                hint = section.instead.get(key, "")
                hint = hint or (_nearest_in(key, section) if len(self.errors) < MOST_TOLD else "")
                self.report(entry.location, path, "this key is not known", hint=hint)
                continue
            value = self.read(entry.node, section.kind(key), path)
            if value is MISSING:
                complete = False
            else:
                values[key] = value
        for key in section.required:
            if key not in entries:
                location, hint = node.location_of_missing(key)
                self.report(location, f"{field}.{key}" if field else key, "this key is required", hint=hint)
                complete = False
        return section.make(**values) if complete and isinstance(node.value, dict) else MISSING

    def _many(self, node: Node, many: Many, field: str) -> Any:
        if not isinstance(node.value, list):
            example = _example(node, many)
            expected = f"a list: {example}" if example else "a list: one line for each item, with '- ' before it"
            self.report(node.location, field, "this is no list", expected, "" if example else many.hint)
            return MISSING
        values = [self.read(item, many.of, f"{field}[{n}]") for n, item in enumerate(node.value)]
        return MISSING if MISSING in values else values

    def _table(self, node: Node, table: Table, field: str) -> Any:
        values = {}
        for key, entry in self._mapping(node, field).items():
            name = self.read(Node(key, entry.location, key), table.key, f"{field}.{key}")
            value = self.read(entry.node, table.of, f"{field}.{key}")
            if MISSING not in (name, value):
                values[name] = value
        return values

    def _mapping(self, node: Node, field: str, alone: str = "") -> dict[str, Entry]:
        if isinstance(node.value, dict):
            return node.value
        what = "empty" if node.value is None else "no mapping"
        said = _short_word(node) if alone else ""
        expected = f"a mapping: {{{alone}: {said}}}" if said else "a mapping: key: value"
        self.report(node.location, field, f"this is {what}", expected)
        return {}


def _example(node: Node, many: Many) -> str:
    """Return a value that should be the item of a list as such a list; "" where that would be none either."""
    word, kind = _short_word(node), many.of
    while isinstance(kind, Group | Short):
        kind = kind.of if isinstance(kind, Group) else kind.short
    if not word or isinstance(kind, Table | Many) or (isinstance(kind, Section) and not kind.alone):
        return ""
    return f"[{{{kind.alone}: {word}}}]" if isinstance(kind, Section) else f"[{word}]"


def _short_word(node: Node) -> str:
    """Return a text that can stand in an example as it is written; "" for any other value."""
    return node.value if isinstance(node.value, str) and re.fullmatch(r"[\w./-]{1,40}", node.value) else ""


def _nearest_in(key: str, section: Section) -> str:
    """Return a hint that names the key which was probably meant: of the section, else of one that is right below it."""
    plain = key.replace("_", "").replace("-", "").lower()
    if plain not in (own := {name.lower(): name for name in section.keys}):
        for name in section.keys:
            below = section.kind(name)
            below = below.long if isinstance(below, Short) else below
            if isinstance(below, Section) and (found := next((k for k in below.keys if k.lower() == plain), "")):
                return f"did you mean {name}.{found}?"
        return nearest(key, section.keys)
    return f"did you mean {own[plain]!r}?"


def nearest(word: str, accepted: Iterable[str]) -> str:
    """Return a hint that names the word which was probably meant, or all known ones."""
    words = sorted(accepted)
    folded = {name.lower(): name for name in words}
    near = difflib.get_close_matches(word.lower(), folded, n=1)
    return f"did you mean {folded[near[0]]!r}?" if near else f"known are {', '.join(words)}"
