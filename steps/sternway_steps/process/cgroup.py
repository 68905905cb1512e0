"""A control group for each command, where the system lets us make one: nothing that a command starts can leave it.

Sources: cgroup-v2.rst of the kernel's admin guide ("Processes", "cgroup.kill"), cgroups(7) for version 1. In version 1
any hierarchy serves; `pids` and systemd's own are those that exist everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_V1 = ("pids", "name=systemd")
_PREFIX = "sternway-"


def make(child: str) -> str:
    """Make the group of a command within our own; return the file that a process joins it by, "" where none can be."""
    mounts = _mounts() if child else {}
    for line in _lines("/proc/self/cgroup"):
        _, controllers, own = line.split(":", 2)
        if controllers in mounts:
            folder = Path(mounts[controllers], own.lstrip("/"), _PREFIX + child)
            with suppress(OSError):
                folder.mkdir()
                if os.access(folder / "cgroup.procs", os.W_OK):
                    return str(folder / "cgroup.procs")
                folder.rmdir()
    return ""


def members(child: str) -> set[int]:
    """Return the processes of a command's group, wherever it is; none where there is no group."""
    found: set[int] = set()
    for folder in _groups(child):
        for procs in folder.rglob("cgroup.procs"):
            found.update(int(line) for line in _lines(str(procs)))
    return found


def remove(child: str) -> None:
    """Remove a command's group; one that still has processes stays."""
    for folder in _groups(child):
        for inner in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
            with suppress(OSError):
                inner.rmdir()
        with suppress(OSError):
            folder.rmdir()


def _groups(child: str) -> Iterator[Path]:
    for mount in set(_mounts().values()):
        for folder, inner, _ in os.walk(mount):
            if _PREFIX + child in inner:
                yield Path(folder, _PREFIX + child)
                inner.clear()


def _mounts() -> dict[str, str]:
    """Return where the hierarchies are mounted, by their names in /proc/self/cgroup; "" is version 2."""
    found: dict[str, str] = {}
    for line in _lines("/proc/self/mounts"):
        _, path, kind, options, *_ = line.split(" ")
        if kind == "cgroup2":
            found[""] = path
        elif kind == "cgroup":
            found |= {name: path for name in _V1 if name in options.split(",")}
    return found


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return []
