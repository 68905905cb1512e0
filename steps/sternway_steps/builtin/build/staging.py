"""The tag under which an image is pushed by who can't push without one, and which is removed again."""

from __future__ import annotations

import hashlib
import secrets
import time

from ...errors import SternwayError, Transient
from ...step import Context
from .builder import Builder
from .reference import Reference
from .registry import Registry
from .untag import untag

SHARED = "sternway-push"
"""The tag in a registry that deletes nothing: one for all runs, for it stays. What it points to decides nothing."""
_PATIENCE = 5.0
"""Seconds that a registry which is busy is asked again."""
_POLL = 0.2


def staging_of(registry: Registry, context: Context, builder: Builder) -> Reference:
    """Return a tag that no other run and no other attempt uses, where the registry lets it go again."""
    own = hashlib.sha256(f"{context.mark}/{context.step}".encode()).hexdigest()[:8]
    tag = f"sternway-{own}-{secrets.token_hex(4)}"
    return registry.reference.tagged(tag if not builder.stages or registry.deletes() else SHARED)


def remove(staging: Reference, run: str, step: str) -> str:
    """Remove the tag and no image; returns "" when it is gone, else why it stays.

    A run that is stopped, or that failed, has time for it.
    """
    if staging.tag == SHARED:
        return ""
    registry, end = Registry(staging), time.monotonic() + _PATIENCE
    while True:
        try:
            now = registry.manifest()
            gone = now is None and not registry.is_listed()
            return "" if gone else untag(registry, now, run, f"{step}:{staging.tag}")
        except Transient as busy:
            if time.monotonic() + (busy.retry_after or 0) > end:
                return str(busy)
            time.sleep(busy.retry_after or _POLL)
        except SternwayError as error:
            return str(error)
