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
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source

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

    def __str__(self) -> str:
        text = f"{self.location}: {self.field}: {self.message}" if self.field else f"{self.location}: {self.message}"
        if self.expected:
            text += f"; expected {self.expected}"
        return without_password(f"{text}; {self.hint}" if self.hint else text)


class ConfigErrors(Refused):
    """The configuration can't be used: all findings at once, ordered by file, line and column."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda e: (e.location.source, e.location.line, e.location.column)))
        super().__init__("\n".join(str(error) for error in self.errors))
