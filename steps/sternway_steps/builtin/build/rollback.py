"""The rollback: the tag points to what it pointed to before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...errors import Failed, RollbackFailed
from ...spec import Item, Outcome
from ...step import Context
from .checks import BUILDERS, config_of
from .owners import Goal, Owners
from .record import Push, pushes
from .reference import Reference
from .registry import MOVES, Manifest, Registry
from .staging import remove
from .untag import throwaway, untag

SETTLES = 30.0
"""Seconds that a request which may be under way has to arrive: so long its own process would have waited for it."""
_POLL = 0.5
_PUT_BACK = ("restored", "deleted")


def rollback(context: Context) -> Outcome:
    """Point the tag to what it pointed to before, if it still points to what this run pushed."""
    push = pushes(context.journal.history().execute)
    if push is None:
        return Outcome("nothing to undo")
    registry, end = Registry(push.reference, context.check), context.clock() + SETTLES
    try:
        item = _Undo(context, registry, push, push.before).settled(end)
    except Failed as bad:
        raise RollbackFailed(f"{push.reference.text}: {bad}", remedy=bad.remedy) from bad
    items = (item, *_unstaged(context, push, end))
    context.tell(items)
    return Outcome(f"{item.what}: {item.result}", items)


@dataclass
class _Undo:
    """Points one tag back. `before` is what it gets: what it pointed to when it did not point to ours the last time."""

    context: Context
    registry: Registry
    push: Push
    before: Manifest | None

    def settled(self, end: float) -> Item:
        """Undo, and wait for a request of a killed process that may arrive now: it is undone too, or said."""
        item, context = self._once(), self.context
        if not self.push.under_way or self._is_all(item):
            return item
        context.say(f"the run ended while it moved the tag: waiting {SETTLES:.0f} s for what may be under way")
        while context.clock() < end:
            context.stop.wait(_POLL)
            context.check()
            again = self._once()
            if again.result in _PUT_BACK:
                item = again
                if self._is_all(item):
                    return item
        late = f"what the run was pushing when it ended did not arrive within {SETTLES:.0f} s"
        return replace(item, why=f"{item.why}; {late}".removeprefix("; "))

    def _is_all(self, item: Item) -> bool:
        """Return whether the only request that ever moved the tag has arrived: it was put back."""
        return item.result in _PUT_BACK and len(self.push.moves) == 1

    def _once(self) -> Item:
        """Undo, and once more when, meanwhile, the undo of a run began that had pushed what the tag was given back.

        Either that undo has seen what we put there, or we see that it has begun: its record comes first.
        """
        goal = self._goal()
        item = self._pointed(goal)
        while item.result in _PUT_BACK and (new := self._goal()).digest != goal.digest:
            goal = new
            item = self._pointed(goal)
        return item

    def _pointed(self, goal: Goal) -> Item:
        registry, push, what = self.registry, self.push, self.registry.reference.text
        now = registry.manifest()
        if now is not None and now.digest == goal.digest:
            return Item(what, "unchanged", now.digest)
        if now is None and goal.manifest is None:
            self.before = None
            # An attempt of this undo may have ended while the registry deleted it.
            return self._put_back(None, None) if push.moves and registry.is_listed() else Item(what, "absent")
        if now is None or not (self._is_ours(now) or now.digest in goal.passed):
            first, self.before = push.before, now
            if now is None:
                why = "somebody deleted the tag since" + (f"; it pointed to {first.digest}" if first else "")
                return Item(what, "kept", why)
            return Item(what, "kept", f"{self._owners.who_moved(now.digest)}, to {now.digest}")
        taken = self._owners.who_has(now.digest)
        if taken:
            return Item(what, "kept", f"{taken} pushed the same image since: {now.digest}")
        return self._put_back(now, goal.manifest)

    def _is_ours(self, now: Manifest) -> bool:
        _, empty = throwaway(self.context.mark, self.context.step)
        return now.digest == empty.digest or self.push.pushed(now.digest, self.registry.images(now))

    def _goal(self) -> Goal:
        return self._owners.goal(self.before, self.registry.manifest)

    @property
    def _owners(self) -> Owners:
        return Owners(self.push.reference, self.push, self.context.others)

    def _put_back(self, now: Manifest | None, before: Manifest | None) -> Item:
        registry, what = self.registry, self.registry.reference.text
        self.context.require_lease(f"moving {what}", MOVES)
        if before is None:
            why = untag(registry, now, self.context.mark, self.context.step)
            return Item(what, "kept", f"{why}; it points to what this run pushed") if why else Item(what, "deleted")
        registry.put(before)
        again = registry.manifest()
        if again is not None and again.digest == before.digest:
            return Item(what, "restored", before.digest)
        if registry.manifest(before.digest) is None:
            raise RollbackFailed(f"{what} does not take its old image {before.digest}: the registry stores another one")
        since = f"moved it since, to {again.digest}" if again is not None else "removed it since"
        return Item(what, "restored", f"{before.digest}; somebody {since}")


def _unstaged(context: Context, push: Push, end: float) -> list[Item]:
    """Remove what a killed run left that was only there to push, also when it arrives now; what stays is said."""
    kept = []
    for tag, builder in _known(push.staged).items():
        staging = push.reference.tagged(tag)
        BUILDERS[builder]().forget(config_of(context), staging.text)
        if tag in push.pushing:
            _arrived(context, staging, end)
        why = remove(staging, context.mark, context.step)
        kept += [Item(staging.text, "kept", why)] if why else []
    return kept


def _arrived(context: Context, staging: Reference, end: float) -> None:
    """Wait for a push whose process was killed: an engine, or the registry, may still be at it."""
    registry = Registry(staging, context.check)
    if registry.manifest() is not None:
        return
    context.say(f"the run ended while it pushed to {staging.text}: waiting {SETTLES:.0f} s for what may be under way")
    while context.clock() < end and registry.manifest() is None:
        context.stop.wait(_POLL)
        context.check()


def _known(staged: Mapping[str, str]) -> Mapping[str, str]:
    return {tag: builder for tag, builder in staged.items() if builder in BUILDERS}
