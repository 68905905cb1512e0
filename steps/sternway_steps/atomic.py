"""Writes a file atomically, whatever reads it meanwhile and wherever the power fails."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_NAME = 100
"""Bytes of a file's name that its temporary one repeats: with the rest it stays below the 255 that a name may have."""


def write_whole(path: Path, text: str, *, private: bool = False) -> None:
    """Write a file by one beside it that then takes its place; a file that is replaced leaves its mode.

    A `private` one can be read by its owner alone, at every moment, and whatever the mode was before.

    What a link points to is written, and the link stays. What is no file (a terminal, a pipe, /dev/null) is written
    into, for nothing may take its place. Raises OSError; then the old file is there as it was, and nothing beside it.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        with path.open("w", encoding="utf-8") as device:
            device.write(text)
        return
    path = path.resolve()
    begin = path.name.encode(errors="surrogateescape")[:_NAME].decode(errors="ignore")
    aside = path.with_name(f".{begin}-{secrets.token_hex(4)}")
    try:
        with open(aside, "x", encoding="utf-8", opener=_private if private else None) as file:
            if path.exists() and not private:
                os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # else the new name may be on disk before what it names
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are not there, for their owner alone; pathlib's own minds the last only.

    Who may write to one of them can put another in the place of what lies below. Raises OSError.
    """
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(exist_ok=True)  # says what is wrong where something else has the name


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
