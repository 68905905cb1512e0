"""Writes what was generated: a folder whole or not at all, or one stream."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sternway_steps.errors import Refused

from .made import to_yaml


def write(objects: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    """Write each object into its file. All are written beside the folder, which is then moved into its place.

    Raises: Refused when the folder holds other files than generated ones, or can't be written.
    """
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is no folder", remedy="name a folder with --output, or - for one stream")
    foreign = sorted(p.name for p in folder.iterdir() if not _ours(p)) if folder.is_dir() else []
    if foreign:
        message = f"{folder} holds {foreign[0]}, which was not generated; the folder would be replaced"
        raise Refused(message, remedy="name a folder of its own with --output")
    aside: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        new, old = aside / "new", aside / "old"
        new.mkdir()
        for name, obj in objects.items():
            (new / name).write_text(to_yaml([obj]), encoding="utf-8")
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except OSError as error:
        raise Refused(f"{folder} can't be written: {error.strerror}", remedy="free space or rights there") from error
    finally:
        if aside is not None:
            if (aside / "old").exists() and not folder.exists():
                (aside / "old").rename(folder)
            shutil.rmtree(aside, ignore_errors=True)


def _ours(path: Path) -> bool:
    """Tell whether a file is named as generated ones are: NN-KIND-NAME.yaml."""
    return path.is_file() and path.suffix == ".yaml" and path.name[:2].isdigit() and path.name[2] == "-"
