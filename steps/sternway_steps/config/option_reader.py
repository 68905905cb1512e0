"""What a step brings to the reading of a file: its section, its `with`, and keys of the step itself.

The steps own their readers and hand them to `load`: the configuration knows what they give, and none of the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..yamltree.document import Node
from ..yamltree.reader import Reader, Section, Table
from ..yamltree.scalars import Read
from .schema import StepConfig


@dataclass
class FileKeys:
    """A file's keys as they were read so far, the document, the folder that paths start from, and who takes findings.

    Without the key `steps` the usual ones are meant.
    """

    keys: dict[str, Any]
    root: Node
    base: Path
    reader: Reader


def _no_step(_step: StepConfig, _where: Node, _field: str, _reader: Reader) -> None:
    """Find nothing."""


def _no_file(_file: FileKeys) -> None:
    """Leave the keys as they are."""


@dataclass(frozen=True)
class OptionReader:
    """How the options of one step are read. All but the step's name can be left out.

    `section` reads the file's section of the step's name, `options` what stands in a step's `with`. `own` are keys
    beside `name` that make a step of the list this one; `make` gives the step for what was read of it. `check` finds
    what no key of a step shows by itself, and `finish` what only the whole file does, and fills it in.
    """

    step: str
    section: Section | None = None
    options: Section | None = None
    own: Mapping[str, Any] = field(default_factory=dict)
    make: Callable[[dict[str, Any]], StepConfig] | None = None
    check: Callable[[StepConfig, Node, str, Reader], None] = _no_step
    finish: Callable[[FileKeys], None] = _no_file


@dataclass(frozen=True)
class PathOr:
    """Reads a path, or what `other` tells to be something else, such as a URL."""

    read: Read
    other: Callable[[str], bool]

    def __call__(self, node: Node) -> Any:
        """Read the value."""
        return self.read(node)


@dataclass(frozen=True)
class With(Table):
    """A step's `with`: any keys, which the step reads itself; `of_step` tells how, by its name."""

    of_step: Mapping[str, Section] = field(default_factory=dict)
