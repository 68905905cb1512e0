"""Lists and mappings of a manifest, built value by value: keys, duplicate keys, merges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .resolve import as_json, as_key

MERGE_KEY = "<<\0"
"""Stands for the key that merges; no YAML text contains its last character."""


class MisplacedValue(ValueError):
    """A value that can't stand where it does, and what is expected there."""

    def __init__(self, message: str, expected: str) -> None:
        super().__init__(message)
        self.expected = expected


@dataclass
class DuplicateKey:
    """A key that occurs twice in one mapping."""

    key: str
    line: int
    column: int
    first: int


@dataclass
class Frame:
    """A list or mapping that is being read; `anchor` is its YAML anchor, `duplicates` collects its duplicate keys."""

    value: Any
    anchor: str | None
    duplicates: list[DuplicateKey]
    _key: str | None = None
    _lines: dict[str, int] = field(default_factory=dict)

    @property
    def wants_key(self) -> bool:
        """Whether the next value is a key."""
        return isinstance(self.value, dict) and self._key is None

    def merge(self) -> None:
        """Note that the next value is merged into this mapping."""
        self._key = MERGE_KEY

    def put(self, value: Any, line: int, column: int) -> None:
        """Add the next value; raise ValueError when it can't stand here.

        Merged keys override those before them, as in go-yaml v2.
        """
        if isinstance(self.value, list):
            self.value.append(as_json(value))
        elif self._key is None:
            self._key = self._new_key(value, line, column)
        else:
            key, self._key = self._key, None
            if key is not MERGE_KEY:  # a text may be the same
                self.value[key] = as_json(value)
                return
            for merged in value[::-1] if isinstance(value, list) else [value]:  # of a list the first one wins
                if not isinstance(merged, dict):
                    raise MisplacedValue("<< merges no mapping", "a mapping, or a list of them")
                self.value |= merged

    def _new_key(self, value: Any, line: int, column: int) -> str:
        key = as_key(value)
        if key in self._lines:
            self.duplicates.append(DuplicateKey(key, line, column, self._lines[key]))
        self._lines.setdefault(key, line)
        return key
