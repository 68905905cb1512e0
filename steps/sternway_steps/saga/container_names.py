"""What the containers of steps that share a pod on Argo are called, made, and found again by a handler. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_TAKEN = re.compile(r"init|wait|supervisor|main|(forward|back)(-\d+)?")
"""Argo's own containers; `main`, whose outputs it reads, here the report's; and the pods, shown beside them."""


def container_names(steps: Iterable[str]) -> Mapping[str, str]:
    """Return the name of each step's container; one whose name is taken is called step-NAME."""
    names = list(steps)
    used, containers = set(names), dict[str, str]()
    for name in names:
        free = name
        while _TAKEN.fullmatch(free) or (free != name and free in used):
            free = f"step-{free}"
        used.add(free)
        containers[name] = free
    return containers
