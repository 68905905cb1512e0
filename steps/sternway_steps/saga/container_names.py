"""What the containers of steps that share a pod on Argo are called, made, and found again by a handler. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

_TAKEN = re.compile(r"init|wait|supervisor|main|(forward|back)(-\d+)?")
"""Argo's own containers; `main`, whose outputs it reads, here the report's; and the pods, shown beside them."""
_LONGEST = 63
"""The characters that a container's name may have: it is a DNS label."""


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


def rollback_names(steps: Iterable[str]) -> Mapping[str, str]:
    """Return the name of the container of each step's rollback: rollback-NAME, cut where that is too long."""
    return {step: _fitting(f"rollback-{step}") for step in steps}


def step_of_rollback(container: str, steps: Iterable[str]) -> str:
    """Return the step whose rollback a container is, "" for none; earlier versions called it as the step's own."""
    order = list(steps)
    earlier = {name: step for step, name in container_names(order).items()}
    return {**earlier, **{name: step for step, name in rollback_names(order).items()}}.get(container, "")


def _fitting(name: str) -> str:
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 9].rstrip('-')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
