"""What is wrong with a configuration: every finding, each with its location in the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import Refused


@dataclass(frozen=True)
class Place:
    """Where a value was written: a file with line and column (1 first), or a flag or variable with neither."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source

    @staticmethod
    def parse(text: str) -> Place:
        """Return the location that str() wrote."""
        source, line, column = [*text.rsplit(":", 2), "", ""][:3]
        return Place(source, int(line), int(column)) if line.isdigit() and column.isdigit() else Place(text)


@dataclass(frozen=True)
class ConfigError:
    """One finding. `field` is the dotted path of the key, "" for the document."""

    place: Place
    field: str
    message: str
    expected: str = ""
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.field}: {self.message}" if self.field else f"{self.place}: {self.message}"
        if self.expected:
            text += f"; expected {self.expected}"
        return f"{text}; {self.hint}" if self.hint else text


class ConfigErrors(Refused):
    """The configuration can't be used: all findings at once, ordered by file, line and column."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda e: (e.place.source, e.place.line, e.place.column)))
        super().__init__("\n".join(str(error) for error in self.errors))
