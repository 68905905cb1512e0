"""The rollback: the tag points to what it pointed to before."""

from __future__ import annotations

from ...errors import Failed, RollbackFailed
from ...spec import Item, Outcome
from ...step import Context
from .record import pushes
from .registry import Manifest, Registry
from .untag import throwaway, untag


def rollback(context: Context) -> Outcome:
    """Point the tag to what it pointed to before, if it still points to what this run pushed."""
    push = pushes(context.journal.history().execute)
    if push is None:
        return Outcome("nothing to undo")
    registry = Registry(push.reference, context.check)
    _, empty = throwaway(context.mark, context.step)
    try:
        now = registry.manifest()
        ours = now is not None and (now.digest == empty.digest or push.pushed(now.digest, registry.images(now)))
        item = _undone(registry, now, push.before, ours, context)
    except Failed as bad:
        raise RollbackFailed(f"{push.reference.text}: {bad}", remedy=bad.remedy) from bad
    context.tell([item])
    return Outcome(f"{item.what}: {item.result}", (item,))


def _undone(registry: Registry, now: Manifest | None, before: Manifest | None, ours: bool, context: Context) -> Item:
    what = registry.reference.text
    if now is None:
        if before is None:
            return Item(what, "absent")
        return Item(what, "kept", "somebody deleted the tag since; it pointed to " + before.digest)
    if before is not None and now.digest == before.digest:
        return Item(what, "unchanged", before.digest)
    if not ours:
        return Item(what, "kept", f"somebody moved the tag since, to {now.digest}")
    if before is None:
        why = untag(registry, now, context.mark, context.step)
        return Item(what, "kept", f"{why}; it points to what this run pushed") if why else Item(what, "deleted")
    registry.put(before)
    again = registry.manifest()
    if again is None or again.digest != before.digest:
        raise RollbackFailed(f"{what} does not take its old image {before.digest}: the registry stores another one")
    return Item(what, "restored", before.digest)
