"""What carries the mark of a run that was undone: what its undo left on purpose, or what was written after it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from ...errors import SternwayError
from ...kube.api_error import ApiError
from ...objects.ref import Ref
from ...objects.run_annotation import run_of
from ...release.snapshot import snapshot
from ...spec import History, Item
from ...step import Context

_LEFT = "left"


def record_left(context: Context, items: Iterable[Item]) -> None:
    """Record what an undo leaves as it is; without a record it is looked at once more, which changes nothing."""
    if stays := [item.what for item in items if item.result in ("kept", "conflict", "failed")]:
        with suppress(SternwayError):
            context.journal.evidence({_LEFT: stays})


def left(history: History) -> set[str]:
    """Return what the undos of a run left, as str(Ref)."""
    return {what for data in history.rollback.evidence for what in data.get(_LEFT, ())}


def late_where_readable(context: Context, refs: list[Ref]) -> list[Ref]:
    """Return those objects that carry the mark of the context's run, as far as whoever deploys next may read them.

    That run may have had other rights, and objects of other kinds: what is not to be read now is not to be undone
    either, and no reason not to deploy.
    """
    try:
        return marked(context, refs)
    except ApiError as error:
        if not error.forbidden:
            raise
    return [ref for ref in refs if _marked_and_readable(context, ref)]


def _marked_and_readable(context: Context, ref: Ref) -> bool:
    try:
        return bool(marked(context, [ref]))
    except ApiError as error:
        if not error.forbidden:
            raise
        return False


def marked(context: Context, refs: list[Ref]) -> list[Ref]:
    """Return those objects that carry the mark of the context's run."""
    return [ref for ref, obj in snapshot(context.client, refs).items() if run_of(obj) == context.mark]
