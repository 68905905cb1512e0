"""Whether a file is there. One whose name the system does not take is not; a Path raises for it (Python 3.11)."""

from __future__ import annotations

import os
from os import PathLike


def exists(path: str | PathLike[str]) -> bool:
    """Return whether there is a file or a folder of that name."""
    return os.path.exists(path)  # noqa: PTH110


def is_dir(path: str | PathLike[str]) -> bool:
    """Return whether there is a folder of that name."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: str | PathLike[str]) -> bool:
    """Return whether there is a file of that name, which is no folder and no device."""
    return os.path.isfile(path)  # noqa: PTH113
