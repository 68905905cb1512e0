"""What is wrong with a configuration: every finding, each with its location in the file."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import Refused
from ..plain_text import without_password


@dataclass(frozen=True)
class SourceLocation:
    """Where a value was written: a file with line and column (1 first), or a flag or variable with neither."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        # A name that no terminal shows is written as Python writes it.
        source = self.source if self.source.isprintable() and self.source.strip() else repr(self.source)
        return f"{source}:{self.line}:{self.column}" if self.line else source

    @staticmethod
    def parse(text: str) -> SourceLocation:
        """Return the location that str() wrote."""
        source, line, column = [*text.rsplit(":", 2), "", ""][:3]
        return (
            SourceLocation(source, int(line), int(column))
            if line.isdigit() and column.isdigit()
            else SourceLocation(text)
        )


@dataclass(frozen=True)
class ConfigError:
    """One finding. `field` is the dotted path of the key, "" for the document."""

    location: SourceLocation
    field: str
    message: str
    expected: str = ""
    hint: str = ""

    @property
    def place(self) -> SourceLocation:
        """Deprecated: `location`; goes with the next release."""
        warnings.warn("ConfigError.place is ConfigError.location now", DeprecationWarning, stacklevel=2)
        return self.location

    @property
    def what(self) -> str:
        """What is wrong, what is expected there, and what to do, without the place."""
        expected = f"expected {self.expected}" if self.expected else ""
        parts = (_shortened(self.message), expected, _shortened(self.hint))
        return without_password("; ".join(part for part in parts if part))

    def __str__(self) -> str:
        at = f"{self.location}: {_shortened(self.field)}" if self.field else f"{self.location}"
        return without_password(f"{at}: {self.what}")


_LONGEST = 1000
"""Characters of a message; one that quotes a longer value shows how that begins and ends."""


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST * 2 // 3]} … {text[-_LONGEST // 3 :]}"


MOST_TOLD = 100
"""Findings that a message tells; `errors` has all of them."""


class ConfigErrors(Refused):
    """The configuration can't be used: all findings at once, ordered by file, line and column."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda e: (e.location.source, e.location.line, e.location.column)))
        told = [str(error) for error in self.errors[:MOST_TOLD]]
        more = len(self.errors) - len(told)
        super().__init__("\n".join([*told, f"and {more} more"] if more else told))
