"""Objects as they are before a run changes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .parallel import side_by_side
from .ref import Ref

if TYPE_CHECKING:
    from .client import Client

RUN = "sternway.dev/run"
"""The annotation, on the object's own metadata, that says which run applied it last."""


def run_of(obj: Mapping[str, Any] | None) -> str | None:
    """Give the run that applied an object last, or None."""
    return ((obj or {}).get("metadata", {}).get("annotations") or {}).get(RUN)


def snapshot(client: Client, refs: Iterable[Ref]) -> dict[Ref, dict[str, Any] | None]:
    """Read objects side by side, one request each; None stands for an object that is not there.

    A kind that the server does not know yet has no objects: its definition is part of the same run.
    """
    from .discovery import UnknownKind

    def read(ref: Ref) -> dict[str, Any] | None:
        try:
            return client.get(ref)
        except UnknownKind:
            return None

    wanted = list(refs)
    return dict(zip(wanted, side_by_side(read, wanted), strict=True))
