"""From the user's file to a Config: the loader, with the readers of the steps that come with Sternway."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from ..builtin.build.options import READER as BUILD
from ..builtin.command.options import READER as COMMAND
from ..builtin.deploy.options import READER as DEPLOY
from ..builtin.verify.options import READER as VERIFY
from ..config import Config
from ..config import load as loader
from ..config.form import form_of
from ..config.json_schema import json_schema
from ..config.option_reader import OptionReader
from ..errors import Misuse
from ..rendering.sources import Programs
from ..yamltree.document import Node
from ..yamltree.reader import Section

READERS = (OptionReader("validate", options=Section({})), BUILD, COMMAND, DEPLOY, VERIFY)


def load(
    path: str | Path,
    *,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    stdin: TextIO | None = None,
    objects: bool = True,
) -> Config:
    """Read a configuration file.

    Args:
        path: the file, laid over those that it extends; paths in a file are relative to its folder.
        overrides: `key=value` as given to --set; they win over `environ` (STERNWAY_*), and that over the file.
        environ: variables, usually os.environ; none when left out.
        stdin: where manifests come from that are named `-`.
        objects: False for what needs the target, its journal and its commands alone, such as an undo: no manifest is
            read, rendered or fetched, so none can stand in its way.

    Raises: ConfigErrors, with every finding; Transient when a server of manifests does not answer.

    """
    if not isinstance(path, str | os.PathLike):
        raise Misuse(f"load: path is a {type(path).__name__}", remedy="expected is the path of a file")
    if isinstance(overrides, str):
        raise Misuse(f"load: overrides is the str {overrides!r}", remedy=f"expected is a list: [{overrides!r}]")
    return loader.load(
        path, READERS, overrides=overrides, environ=environ, stdin=stdin, sources=Programs(), objects=objects
    )


def load_with_source(
    path: str | Path,
    *,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    stdin: TextIO | None = None,
) -> tuple[Config, Node]:
    """Do as load does, and give the document too, with what was laid over it.

    Raises: ConfigErrors, with every finding; Transient when a server of manifests does not answer.
    """
    return loader.load_with_source(path, READERS, overrides=overrides, environ=environ, stdin=stdin, sources=Programs())


def schema(*, partial: bool = False) -> dict[str, Any]:
    """Return the JSON Schema of a configuration file; `partial` is that of a file that others extend."""
    return json_schema(form_of(READERS), partial=partial)
