"""Undoes the change of one object: decides whose it is now, restores what the run changed, then reads and compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..objects.applied import AppliedRun
from ..objects.creator import doubt
from ..objects.ends_itself import ends_by_itself
from ..objects.field_manager import OLD_MANAGER
from ..objects.merge import OnConflict
from ..objects.ref import Ref
from ..objects.run_annotation import run_of
from ..spec import Item
from .put_back import Removed
from .replaced import Replaced
from .restore_fields import Update

if TYPE_CHECKING:
    from ..kube.client import Client


@dataclass(frozen=True)
class Change:
    """What the journal tells of one object.

    `before` is None when it did not exist; `after` and `uid` are None when the evidence is lost.
    """

    ref: Ref
    before: dict[str, Any] | None
    applied: dict[str, Any]
    after: dict[str, Any] | None = None
    uid: str | None = None
    created: bool | None = None
    recreating: bool = False
    """Whether an earlier undo was about to delete the object and make it anew."""
    anew: dict[str, Any] | None = None
    """What that undo was about to make; None where its journal does not tell, which means `before`."""
    manager: str = OLD_MANAGER
    """The field manager of the run's applies."""
    claimed: list[dict[str, Any]] | None = None
    """The managedFields of `before` when the run had taken over what others owned, and not applied yet."""
    create_only: bool = False
    """Whether the run's apply of an absent object could only create it."""
    replaced: bool = False
    """Whether the run was about to delete it, for it can't be changed, and to make it anew."""
    removed: bool = False
    """Whether the run was about to remove it, for its target no longer named it."""

    def of(self, run: str) -> AppliedRun:
        """Return the run whose change it is."""
        return AppliedRun(run, self.manager, self.applied, self.after, self.claimed)


@dataclass(frozen=True)
class Restorer:
    """Undoes the changes of one run."""

    client: Client
    run: str
    policy: OnConflict
    about_to_recreate: Callable[[Ref, dict[str, Any]], None]
    """Records durably that an object is deleted only to be made anew, and as what."""
    remove: Callable[[Ref, str], Item]
    """Deletes an object of a UID that the run created."""
    reborn: Callable[[Ref], bool] = lambda _: False
    """Returns whether a later run had made anew what this run left, and its undo made that anew."""
    recreate: bool = False
    """Whether objects may be made anew although what depends on them is not known."""

    def undo(self, change: Change) -> Item:
        """Undo one object; raise ApiError when the server does not answer or forbids it; or UnknownKind."""
        live = self.client.get(change.ref)
        change = self._of(change, live)
        if change.before is None:
            return self._undo_creation(change, live)
        if change.removed:
            return Removed(self, change, change.before).undo(live)
        if change.replaced:
            back = Replaced(self, change, change.before)
            if (item := back.undo(live)) is not None:
                return item
        if live is None and not change.recreating and (why := _ended(change)):
            return Item(str(change.ref), "absent", f"it ended by itself: {why}")
        return Update(self, change, change.before).undo()

    def _of(self, change: Change, live: dict[str, Any] | None) -> Change:
        """Return the change as one of the object that there is now, where that is another of ours in its place."""
        uid = str(live["metadata"]["uid"]) if live is not None else ""
        known = (change.uid, change.before["metadata"]["uid"] if change.before is not None else None)
        if run_of(live) != self.run or uid in known or change.uid is None or not self.reborn(change.ref):
            return change
        if change.created or change.before is None:
            return replace(change, uid=uid)
        return replace(change, uid=uid, before={**change.before, "metadata": {**change.before["metadata"], "uid": uid}})

    def _undo_creation(self, change: Change, live: dict[str, Any] | None) -> Item:
        what = str(change.ref)
        if live is None:
            return Item(what, "absent", "it was not there before, and is not there now")
        if change.uid is not None and change.uid != live["metadata"]["uid"] and not self._made_twice(change, live):
            return Item(what, "kept", "it is another object of that name, which this run did not create")
        if (run_of(live) or self.run) != self.run:
            return Item(what, "kept", _whose(live))
        uid = str(live["metadata"]["uid"])
        if change.created and change.uid == uid:
            return self.remove(change.ref, uid)  # evidence: ours, whatever became of the annotation
        if run_of(live) is None:
            return Item(what, "kept", _whose(live))
        why = "somebody else created it after the snapshot was taken: how it was before the run is not known"
        if change.created is not False:
            why = doubt(live, change.manager, create_only=change.create_only)
        if why:
            return Item(what, "kept" if self.policy is OnConflict.MERGE else "conflict", f"it stays: {why}")
        return self.remove(change.ref, live["metadata"]["uid"])

    def _made_twice(self, change: Change, live: dict[str, Any]) -> bool:
        """Return whether a request that was sent again, or came late, made an object anew that was gone by then."""
        ours = change.create_only and change.created is True and run_of(live) == self.run
        return ours and not doubt(live, change.manager, create_only=True)


def _ended(change: Change) -> str:
    """Return why an object may have ended by itself, as it was before the run or as the run left it."""
    return next(
        (why for obj in (change.before, change.after, change.applied) if obj and (why := ends_by_itself(obj))), ""
    )


def _whose(live: Mapping[str, Any]) -> str:
    run = run_of(live)
    return f"a later run, {run}, took it over" if run else "it does not carry this run's annotation"
