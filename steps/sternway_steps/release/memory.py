"""How much memory a step's container needs, and may have.

Measured of the step images, by containers with ever less of it: with one small object each action of a step lives with
28 MiB, and dies with 20; with 60 objects of 1.2 MB together with 40, and dies with 32.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from ..config import Config

_LEAST = 32 * 2**20
_FOR_EACH_BYTE = 8
_MOST = Path("/sys/fs/cgroup/memory.max")


def memory_needed(config: Config) -> int:
    """Return the bytes that a container needs, for the program itself and for the objects that it reads."""
    size = sum(len(json.dumps(manifest.obj)) for manifest in (*config.manifests, *config.hooks))
    return _LEAST + _FOR_EACH_BYTE * size


def memory_here() -> int | None:
    """Return the limit of the container that this process is in (cgroup v2); None where there is none."""
    with suppress(OSError, ValueError):
        return int(_MOST.read_text())
    return None


def too_little_memory(config: Config, limit: int | None) -> str | None:
    """Return what is to be said of a limit, in bytes, below what a container needs; None when there is enough."""
    needed = memory_needed(config)
    if limit is None or limit >= needed:
        return None
    return (
        f"{-(-needed // 2**20)}Mi are needed for {len(config.manifests)} objects, and the limit is {limit // 2**20}Mi"
    )
