"""Writes generated files: a folder atomically, a single file, or one stream."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sternway_steps.atomic import write_whole
from sternway_steps.errors import Refused
from sternway_steps.existing import exists, is_dir

from .yaml_text import to_yaml

MADE_BY = "# Made by Sternway "
"""How the first line of a generated single file begins."""


def numbered(objects: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return objects by file name, NN-KIND-NAME.yaml, in the order in which they are applied."""
    return {f"{number:02d}-{_slug(each)}.yaml": each for number, each in enumerate(objects, 1)}


def _slug(obj: Mapping[str, Any]) -> str:
    kind, metadata = obj["kind"].lower(), obj["metadata"]
    namespace = metadata.get("namespace")
    return "-".join([kind, metadata["name"], *([namespace] if namespace else [])])


def write(
    objects: Mapping[str, Mapping[str, Any]], folder: Path, note: Callable[[Mapping[str, Any]], str] | None = None
) -> None:
    """Write each object into its file. All are written into a temporary folder, which then replaces the folder.

    `note` returns what a comment at an object's head says, "" for none.

    Raises: Refused when the folder holds other files than generated ones, or can't be written.
    """
    if exists(folder) and not is_dir(folder):
        raise Refused(f"{folder} is no folder", remedy="name a folder with --output, or - for one stream")
    foreign = sorted(p.name for p in folder.iterdir() if not _ours(p)) if is_dir(folder) else []
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
            (new / name).write_text(to_yaml([obj], note), encoding="utf-8")
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


def write_file(text: str, path: Path) -> None:
    """Write one generated file atomically; its first line says that it was generated.

    Raises: Refused when the file there was not generated, or can't be written.
    """
    try:
        if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(MADE_BY):
            raise Refused(f"{path} is there, and was not generated", remedy="name another file with --output")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise Refused(f"{path} can't be written: {error.strerror}", remedy="free space or rights there") from error


def _ours(path: Path) -> bool:
    """Return whether a file has a name of generated files: NN-KIND-NAME.yaml."""
    return path.is_file() and path.suffix == ".yaml" and path.name[:2].isdigit() and path.name[2] == "-"
