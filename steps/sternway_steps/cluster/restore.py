"""Undoing one object: decide whose it is now, put back what the run changed, read it again and compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..step import Item
from .creation import doubt
from .ending import ends_by_itself
from .fields import content, fields_of, name_of, tree, union
from .gone import await_gone
from .manager import OLD_MANAGER
from .merge import Difference, Merged, OnConflict, diff, put_back, reconstruct
from .ownership import UNDO_MANAGER, given_back, pending, same_owners, with_owners
from .ref import Ref
from .snapshot import RUN, run_of

if TYPE_CHECKING:
    from .client import Client

_TRIES = 8
_NEVER_RECREATED = {"Namespace", "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition"}


@dataclass(frozen=True)
class Change:
    """What the journal tells of one object. `before` None: it was not there. `after`, `uid` None: evidence lost."""

    ref: Ref
    before: dict[str, Any] | None
    applied: dict[str, Any]
    after: dict[str, Any] | None = None
    uid: str | None = None
    created: bool | None = None
    recreating: bool = False
    """An earlier undo was about to delete the object and make it anew."""
    manager: str = OLD_MANAGER
    """The field manager of the run's applies."""
    claimed: list[dict[str, Any]] | None = None
    """The managedFields of `before` when the run had taken over what others owned, and not applied yet."""
    create_only: bool = False
    """The run's apply of an object that was not there could only create it."""

    def held(self, before: dict[str, Any]) -> dict[str, Any]:
        """Give the object as the run's apply met it."""
        return before if self.claimed is None else with_owners(before, self.claimed)

    def only_claimed(self, live: dict[str, Any]) -> bool:
        """Tell whether the run took over what others owned, and came no further."""
        return self.before is not None and self.claimed is not None and same_owners(self.held(self.before), live)


@dataclass(frozen=True)
class Restorer:
    """Undoes the changes of one run."""

    client: Client
    run: str
    policy: OnConflict
    about_to_recreate: Callable[[Ref], None]
    """Records durably that an object is deleted only to be made anew."""
    remove: Callable[[Ref, str], Item]
    """Deletes an object of a UID that the run created."""

    def undo(self, change: Change) -> Item:
        """Undo one object; raises ApiError when the server does not answer or does not let us, and UnknownKind."""
        live = self.client.get(change.ref)
        if change.before is None:
            return self._undo_creation(change, live)
        if live is None and not change.recreating and (why := _ended(change)):
            return Item(str(change.ref), "absent", f"it ended by itself: {why}")
        return self._undo_update(change, change.before)

    def _undo_creation(self, change: Change, live: dict[str, Any] | None) -> Item:
        what = str(change.ref)
        if live is None:
            return Item(what, "absent", "it was not there before, and is not there now")
        if change.uid is not None and change.uid != live["metadata"]["uid"]:
            return Item(what, "kept", "it is another object of that name, which this run did not create")
        if (run_of(live) or self.run) != self.run:
            return Item(what, "kept", _whose(live))
        if change.created and change.uid is not None:  # evidence: ours, whatever became of the annotation
            return self.remove(change.ref, change.uid)
        if run_of(live) is None:
            return Item(what, "kept", _whose(live))
        why = "somebody else created it after the snapshot was taken: how it was before the run is not known"
        if change.created is not False:
            why = doubt(live, change.manager, create_only=change.create_only)
        if why:
            return Item(what, "kept" if self.policy is OnConflict.MERGE else "conflict", f"it stays: {why}")
        return self.remove(change.ref, live["metadata"]["uid"])

    def _undo_update(self, change: Change, before: dict[str, Any]) -> Item:
        from .api_error import ApiError

        restored: list[Difference] = []
        for _ in range(_TRIES):
            live = self.client.get(change.ref)
            if settled := self._settled(change, before, live, restored):
                return settled
            assert live is not None  # noqa: S101  _settled answers for an object that is gone
            merged = self._merged(change, before, live)
            if merged.conflicts and self.policy is OnConflict.STOP:
                return Item(str(change.ref), "conflict", _changed_since(merged.conflicts), _names(merged.conflicts))
            try:
                if run_of(live) == self.run:
                    live = self.client.replace(merged.obj, manager=UNDO_MANAGER)
                    restored = merged.restored
                if pending(live) or change.only_claimed(live):
                    entries = given_back(before, live, change.manager, merged.conflicts, change.held(before))
                    self.client.replace(_with(live, managedFields=entries), manager=UNDO_MANAGER)
            except ApiError as error:
                if error.conflict:
                    continue  # somebody wrote in between: look again, and merge with what they wrote
                if error.invalid:
                    return self._recreate(change, before, live, error)
                raise
            return self._compared(change, before, restored, merged.conflicts)
        return Item(str(change.ref), "failed", "it changes faster than it can be put back")

    def _settled(
        self, change: Change, before: dict[str, Any], live: dict[str, Any] | None, restored: list[Difference]
    ) -> Item | None:
        """Answer for an object that needs no update, or must not get one."""
        what = str(change.ref)
        if live is None and (change.recreating or self.policy is OnConflict.FORCE):
            return self._create_again(change, before)
        if live is None:
            if self.policy is OnConflict.MERGE:
                return Item(what, "absent", "it was deleted by somebody else since, and stays so")
            return Item(what, "conflict", "it was deleted by somebody else since")
        if live["metadata"]["uid"] != before["metadata"]["uid"] and not change.recreating:
            return Item(what, "kept", "somebody else deleted it and created another one of that name")
        if run_of(live) not in (self.run, run_of(before)):
            return Item(what, "kept", _whose(live))
        if run_of(live) == self.run or pending(live) or change.only_claimed(live):
            return None
        if restored:
            return self._compared(change, before, restored, [])
        return Item(what, "unchanged", "it is as it was before the run")

    def _merged(self, change: Change, before: dict[str, Any], live: dict[str, Any]) -> Merged:
        marks = union(fields_of(before), fields_of(change.after or {}), fields_of(live))
        after = change.after or reconstruct(change.held(before), change.applied, live, change.manager, marks)
        return put_back(before, after, live, self.policy, marks)

    def _compared(
        self, change: Change, before: dict[str, Any], restored: list[Difference], left: list[Difference]
    ) -> Item:
        """Read the object again: every field that was put back must be as it was before the run."""
        now = self.client.get(change.ref)
        if now is None:
            return Item(str(change.ref), "conflict", "it was deleted by somebody else while it was being put back")
        marks = union(fields_of(before), fields_of(now))
        paths = [d.path for d in restored]
        wrong = [
            d
            for d in diff(tree(content(before), marks), tree(content(now), marks))
            if any(d.path[: len(path)] == path for path in paths)
        ]
        if wrong and run_of(now) == run_of(before):
            why = f"put back, and still different when read again: {', '.join(_names(wrong))}"
            return Item(str(change.ref), "failed", why, _names(wrong))
        why = f"left as others set it: {', '.join(_names(left))}" if left else ""
        return Item(str(change.ref), "restored", why, _names(d for d in restored if d.path[-1] != f"f:{RUN}"))

    def _recreate(self, change: Change, before: dict[str, Any], live: dict[str, Any], error: Exception) -> Item:
        """Make an object anew whose fields can't be changed back, if it was ours before already."""
        ref = change.ref
        if ref.kind in _NEVER_RECREATED or not fields_of(change.held(before), manager=change.manager):
            return Item(str(ref), "failed", f"it can't be changed back, and is not ours to delete: {error}")
        self.about_to_recreate(ref)
        uid = live["metadata"]["uid"]
        self.client.delete(ref, uid=uid, propagation="Foreground")
        if await_gone(self.client, ref, uid) is not None:
            return Item(str(ref), "failed", "it has to be created anew, and its deletion does not end")
        return self._create_again(change, before)

    def _create_again(self, change: Change, before: dict[str, Any]) -> Item:
        made = self.client.create(content(before), manager=UNDO_MANAGER)
        entries = given_back(before, made, change.manager, held=change.held(before))
        self.client.replace(_with(made, managedFields=entries), manager=UNDO_MANAGER)
        return Item(str(Ref.of(before)), "restored", "created anew from its snapshot")


def _ended(change: Change) -> str:
    """Say why an object may have ended by itself, as it was before the run or as the run left it."""
    return next(
        (why for obj in (change.before, change.after, change.applied) if obj and (why := ends_by_itself(obj))), ""
    )


def _whose(live: Mapping[str, Any]) -> str:
    run = run_of(live)
    return f"a later run, {run}, took it over" if run else "it does not carry this run's annotation"


def _with(obj: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    return {**obj, "metadata": {**obj["metadata"], **metadata}}


def _names(differences: Any) -> tuple[str, ...]:
    return tuple(name_of(difference.path) for difference in differences)


def _changed_since(conflicts: list[Difference]) -> str:
    return f"somebody else changed after this run: {', '.join(_names(conflicts))}"
