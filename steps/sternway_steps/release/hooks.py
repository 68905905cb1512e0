"""Hooks: objects of kinds that run, and run again when they are created again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import SternwayError
from ..kube.api_error import ApiError
from ..objects.field_manager import manager_of
from ..objects.ref import Ref
from .apply import rejected
from .preview import Asking, preview

_RUN = {("", "Pod"), ("batch", "Job")}


def runs(ref: Ref) -> bool:
    """Return whether objects of a kind run once, so that an existing one has run already."""
    return (ref.group, ref.kind) in _RUN


def hook_errors(asking: Asking, objects: Iterable[Mapping[str, Any]]) -> list[SternwayError | None]:
    """Ask the server by a dry run what it has against each hook; None where it takes it.

    What runs takes the place of one that an earlier release left, so it need not be possible as a change of that.
    """
    wanted = list(objects)
    return [
        found.error if found.error is None or not runs(found.ref) else _as_new(asking, obj)
        for found, obj in zip(preview(asking, wanted), wanted, strict=True)
    ]


def _as_new(asking: Asking, obj: Mapping[str, Any]) -> SternwayError | None:
    try:
        asking.client.create(obj, manager=manager_of(asking.target), dry_run=True)
    except ApiError as error:
        return None if error.reason == "AlreadyExists" else rejected(Ref.of(obj), error)
    return None
