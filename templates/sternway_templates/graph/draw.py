"""From a configuration to the text of a drawing, and from there into a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sternway_steps.atomic import write_whole
from sternway_steps.errors import Refused
from sternway_steps.existing import exists, is_dir, is_file
from sternway_steps.registry.load import load
from sternway_steps.registry.steps import Specs, installed_steps
from sternway_steps.saga.plan import make_plan

from .mermaid import mermaid
from .model import describe
from .svg import svg

_FORMATS = {"mermaid": mermaid, "svg": svg}


def draw(path: str, overrides: tuple[str, ...], form: str) -> str:
    """Return the drawing of a configuration's saga as text; `form` is mermaid or svg."""
    config = load(path, overrides=overrides, environ=os.environ, stdin=sys.stdin)
    plan = make_plan(config.steps, Specs(installed_steps(), config.declared), config.on_end)
    return _FORMATS[form](describe(config.name, plan, config.deadline))


def write(text: str, file: Path) -> None:
    """Write a file atomically: into a temporary file in the same folder, which then replaces it.

    Raises: Refused when it can't be written there.
    """
    file = file.resolve()
    if exists(file) and not is_file(file):
        raise Refused(f"{file} is no file", remedy="name a file with --output, or - for the terminal")
    if not is_dir(file.parent):
        raise Refused(f"{file.parent} is no folder", remedy=f"make it first: mkdir -p {file.parent}")
    try:
        write_whole(file, text)
    except OSError as error:
        raise Refused(f"{file} can't be written: {error.strerror}", remedy="free space or rights there") from error
