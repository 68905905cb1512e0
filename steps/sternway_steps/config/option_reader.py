"""What a step contributes to reading a file: its section, its `with`, and keys of the step itself.

The steps own their readers and pass them to `load`: the configuration knows the readers, and none of the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..yamltree.document import Node
from ..yamltree.errors import SourceLocation
from ..yamltree.reader import Reader, Section, Table
from ..yamltree.scalar import Scalar
from .schema import StepConfig


@dataclass
class FileKeys:
    """The keys of a file read so far, the document, the folder that paths are relative to, and the reader.

    Without the key `steps` the default steps are meant.
    """

    keys: dict[str, Any]
    root: Node
    base: Path
    reader: Reader

    def folder_of(self, location: SourceLocation) -> Path:
        """Return the folder of the file that says something; of a flag or a variable it is the configuration's."""
        return Path(location.source).parent if location.line else self.base


def _no_step(_step: StepConfig, _where: Node, _field: str, _reader: Reader) -> None:
    """Find nothing."""


def _no_file(_file: FileKeys) -> None:
    """Leave the keys as they are."""


@dataclass(frozen=True)
class OptionReader:
    """How the options of one step are read. Everything but the step's name is optional.

    | field | meaning |
    | --- | --- |
    | `section` | reads the file's section with the step's name |
    | `about` | what people are told of that section |
    | `options` | reads the step's `with` |
    | `own` | keys beside `name` that make an item of the list this step |
    | `make` | makes the step of what was read of it |
    | `check` | reports what no key of a step shows by itself |
    | `finish` | reports what only the whole file shows, and completes the section |
    """

    step: str
    section: Section | None = None
    about: str = ""
    options: Section | None = None
    own: Mapping[str, Any] = field(default_factory=dict)
    make: Callable[[dict[str, Any]], StepConfig] | None = None
    check: Callable[[StepConfig, Node, str, Reader], None] = _no_step
    finish: Callable[[FileKeys], None] = _no_file


@dataclass(frozen=True, eq=False)
class PathOr(Scalar[str]):
    """Reads a path, or what `other` recognises as something else, such as a URL."""

    other: Callable[[str], bool]


@dataclass(frozen=True)
class With(Table):
    """A step's `with`: any keys, which the step reads itself; `of_step` returns the reader by the step's name."""

    of_step: Mapping[str, Section] = field(default_factory=dict)
