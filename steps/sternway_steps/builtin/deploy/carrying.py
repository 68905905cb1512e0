"""What of a run is live, when its journal does not tell: the objects that carry it."""

from __future__ import annotations

from ...config.selection import HOOKS, PRUNE
from ...objects.ref import Ref
from ...release.targets import objects_of
from ...step import Context
from .late import marked


def carrying(context: Context) -> list[str]:
    """Name the objects of the configuration that this run applied last.

    Raises: ApiError, Refused when that can't be told.
    """
    if HOOKS in context.options or PRUNE in context.options:  # Jobs and pods, which end by themselves
        return []
    objects = objects_of(context.config, context.client, context.options)
    return [str(ref) for ref in marked(context, [Ref.of(obj) for obj in objects])]
