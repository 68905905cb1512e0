"""Restores the fields of one object: written, read again and compared, until nothing is left to restore."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..objects.applied import RUN_FIELD, owned_by
from ..objects.field_manager import OLD_MANAGER
from ..objects.fields import managed
from ..objects.irreversible import IrreversibleChange, irreversible_changes, leaving_irreversible
from ..objects.merge import Difference, OnConflict
from ..objects.object_merge import ObjectMerge, merge_object, shape_by_owners
from ..objects.ownership import UNDO_MANAGER, owners, with_owners
from ..objects.reconstruct import unexplained
from ..objects.run_annotation import RUN, run_of
from ..objects.set_back import as_left, set_back
from ..objects.states import Undone
from ..objects.tree import ABSENT, Path, at, name_of, same, untree
from ..spec import Item
from .counted import counted
from .dropped import dropped
from .recreate import Recreation
from .remedy import BY_HAND, CONFLICT

if TYPE_CHECKING:
    from ..objects.shape import Shape
    from .restore import Change, Restorer

_TRIES = 8
_UNTOLD = "nothing tells any more whether this run or somebody else set"


class Update:
    """The undo of the change of an object that existed before the run."""

    def __init__(self, how: Restorer, change: Change, before: dict[str, Any]) -> None:
        self._how, self._change, self._before = how, change, before
        self._what = str(change.ref)
        self._run = change.of(how.run)
        self._put: dict[Path, Difference] = {}
        """What was put back so far."""
        self._dropped: dict[Path, Difference] = {}
        """What others had set, and the server dropped with what was put back."""
        self._cleared: dict[Path, Difference] = {}
        """What an earlier undo had removed."""
        self._refilled: frozenset[Path] = frozenset()
        """What the server filled in again where it was removed."""
        self._written: set[Path] = set()
        self._noted = False
        self._earlier: bool | None = None
        """Whether an earlier undo may have written it: it does not carry the run's annotation at first."""
        self._given: Any = None
        self._after: dict[str, Any] | None = None
        """How the run left it, as concluded by the first look where there is no record."""
        self._untold = False
        """Whether nothing told that the run had come to apply it."""
        self._counted: frozenset[Path] = frozenset()
        """What the server itself counts."""
        self._asked = False
        """Whether the server was asked what it makes of what the run applied."""
        self._met: Mapping[str, Any] | None = None
        """The object as this undo found it: its owners tell the shape of what is removed, where no schema does."""
        self._anew = Recreation(how, change, before)

    def undo(self) -> Item:
        """Undo the change; raise ApiError when the server does not answer or forbids it.

        Ends when an object that was just read needs no more: only then it is as before. A field of the run that would
        be restored a second time is one of which the server makes something else.
        """
        how, change = self._how, self._change
        shape = how.client.schema(change.ref.api_version, change.ref.kind)
        for _ in range(_TRIES):
            live = how.client.get(change.ref)
            if settled := self._settled(live):
                return settled
            assert live is not None  # noqa: S101  _settled answers for an object that is gone
            found = self._compared(live, shape)
            if own := counted(how.client, live, found):
                self._counted |= own
                found = self._compared(live, shape)
            self._conclude(found)
            if (stopped := self._stopped(found, shape)) is not None:
                if self._gave_back(live, found):
                    continue
                return stopped
            try:
                if not self._write(live, found, shape):
                    return self._done(found)
            except ApiError as error:
                if (item := self._refused(live, found, error)) is not None:
                    return item
        return Item(self._what, "failed", "it changes faster than it can be put back")

    def _conclude(self, found: ObjectMerge) -> None:
        """Hold on to how the run left the object, by its first look: what others do from now on may take the proof."""
        if self._after is None and (found.owners.came or found.untold):
            self._after, self._untold = untree(as_left(found.states)), found.untold

    def _stopped(self, found: ObjectMerge, shape: Shape | None) -> Item | None:
        """Return the result where no more is to be restored, though not all is as before; None to go on."""
        stop = self._how.policy is OnConflict.STOP
        if found.conflicts and stop:
            above = f", and run {found.above} of another target deploys it since" if found.above else ""
            word = _UNTOLD if found.untold else "somebody else changed after this run"
            why = f"{word}: {', '.join(_names(found.conflicts))}{above}"
            return Item(self._what, "conflict", why, _names(found.conflicts))
        lost = dropped(self._how.client, found, lambda answer: self._compared(answer, shape))
        if lost and stop:
            why = f"the server would drop what somebody else set after this run: {', '.join(_names(lost))}"
            return Item(self._what, "conflict", why, _names(lost))
        self._dropped = {d.path: d for d in lost} or self._dropped
        if wrong := self._wrong(found):
            why = f"put back, and still different when read again: {', '.join(_names(wrong))}"
            return Item(self._what, "failed", why, _names(wrong))
        return None

    def _wrong(self, found: ObjectMerge) -> list[Difference]:
        """Return what was put back, and is as the run had left it again."""
        return [d for d in found.restored if d.path in self._put and not found.of_the_server(d.path)]

    def _gave_back(self, live: dict[str, Any], found: ObjectMerge) -> bool:
        """Give what this undo has put back to its owners; return whether the object is to be read again."""
        try:
            return bool(self._put) and self._give_back(live, found, self._wrong(found))
        except ApiError as error:
            if error.transient or error.forbidden:
                raise
            return error.conflict

    def _refused(self, live: dict[str, Any], found: ObjectMerge, error: ApiError) -> Item | None:
        """Return the result where the server refused the write; None to look again, for somebody wrote in between."""
        if error.conflict or error.not_found:
            return None
        if error.status not in (400, 422):
            raise error
        if ways := [way for way in irreversible_changes(self._before, live) if way.leaves]:
            return self._but(ways, live, error)
        try:
            return self._anew.recreate(live, found, error)
        except ApiError as later:
            if not later.conflict:
                raise
            return None

    def _compared(self, live: Mapping[str, Any], shape: Shape | None) -> ObjectMerge:
        """Return the merge; if the record is lost and others changed what was applied, with what the server made of it.

        A manifest may say "1000m" where the server stores "1", a zero that it does not store, or nothing where there is
        a default; and what the server chose itself, it drops for another field. So the server is asked, by a dry run,
        for an object of another name.
        """
        policy, of = self._how.policy, self._run
        if self._earlier is None:
            self._earlier = run_of(live) != self._how.run
            self._met = live
        shape = shape or shape_by_owners(self._before, of.after, self._met, live)
        put, concluded = frozenset(self._put), (self._after, self._untold)
        undone = Undone(put, self._earlier, self._refilled, *concluded, self._counted)
        found = merge_object(self._before, live, of, policy, shape, undone)
        if of.after is None and not self._asked and _is_doubtful(found, policy):
            self._asked = True
            name = f"{of.applied['metadata']['name'][:40]}-{uuid.uuid4().hex[:8]}"
            other = {**of.applied, "metadata": {**of.applied["metadata"], "name": name}}
            try:
                stored = self._how.client.apply(other, manager=of.manager, dry_run=True, strict=False).obj
            except ApiError:
                return found
            self._run = replace(of, stored=stored)
            found = merge_object(self._before, live, self._run, policy, shape, undone)
        return found

    def _but(self, ways: list[IrreversibleChange], live: dict[str, Any], error: ApiError) -> Item:
        """Restore everything but what can't be reverted, which is named."""
        rest = Update(self._how, self._change, leaving_irreversible(self._before, live, ways)).undo()
        reason = error.message.partition("\n")[0]
        why = f"{'; '.join(str(way) for way in ways)} ({reason})"
        if rest.result not in ("restored", "unchanged"):
            return Item(self._what, rest.result, f"{why}; and {rest.why}", rest.fields)
        fields = tuple(way.field for way in ways)
        return Item(self._what, "failed", f"{why}; all else of it is as before", fields, BY_HAND)

    def _settled(self, live: dict[str, Any] | None) -> Item | None:
        """Return the result for an object that needs no update, or must not get one; None for others."""
        if live is None:
            return self._anew.gone()
        uid, was = live["metadata"]["uid"], self._before["metadata"]["uid"]
        if uid != was:
            if uid == self._change.uid and self._change.created:
                # Somebody deleted it after its snapshot, and the run created this one.
                return self._how.remove(self._change.ref, uid)
            if self._change.recreating:
                return self._anew.existing(live)
            return Item(self._what, "kept", "somebody else deleted it and created another one of that name")
        if run_of(live) not in (None, self._how.run, run_of(self._before)) and self._by_a_run(live):
            return Item(self._what, "kept", f"a later run, {run_of(live)}, took it over")
        return None

    def _by_a_run(self, live: Mapping[str, Any]) -> bool:
        """Return whether a run of the same target wrote the annotation, and not somebody who copied it."""
        manager = self._change.manager
        return any(
            owned_by(entry, RUN_FIELD)
            and (entry["manager"] == manager or (manager == OLD_MANAGER and entry["manager"].startswith(OLD_MANAGER)))
            for entry in managed(live)
        )

    def _write(self, live: dict[str, Any], found: ObjectMerge, shape: Shape | None) -> bool:
        """Restore what is left: the values, then their owners. Return whether anything was left."""
        client = self._how.client
        wrote = False
        new = {*(d.path for d in found.restored), *found.merged.emptied} - self._written
        if new or (found.noted and not self._noted):
            live = client.replace(found.obj, manager=UNDO_MANAGER)
            self._put |= {d.path: d for d in found.restored}
            self._refilled |= self._filled_again(live, found, shape)
            self._written |= new
            self._noted = wrote = True
        if not self._noted:
            self._cleared |= {d.path: d for d in found.cleared}
        return self._give_back(live, found) or wrote

    def _give_back(self, live: dict[str, Any], found: ObjectMerge, wrong: Sequence[Difference] = ()) -> bool:
        """Restore the owners of what was put back, but for what is `wrong` again. Return whether any was left."""
        put = [d for d in (*self._put.values(), *self._cleared.values()) if d not in wrong]
        entries = found.owned_again(live, put)
        wanted = owners(entries)
        if wanted in (owners(managed(live)), self._given):
            return False
        self._how.client.replace(with_owners(live, entries), manager=UNDO_MANAGER)
        self._given = wanted
        return True

    def _filled_again(self, answer: dict[str, Any], found: ObjectMerge, shape: Shape | None) -> frozenset[Path]:
        """Return what the server, in its answer to a write, has put where the write removed something."""
        removed = [d.path for d in found.restored if d.old is ABSENT]
        stored = self._compared(answer, shape).states.live if removed else ABSENT
        return frozenset(path for path in removed if at(stored, path) is not ABSENT)

    def _done(self, found: ObjectMerge) -> Item:
        why = []
        needs = CONFLICT if found.conflicts else ""
        if found.conflicts:
            word = f"left as it is, for {_UNTOLD}" if found.untold else "left as others set it"
            why.append(f"{word}: {', '.join(_names(found.conflicts))}")
        was, now = found.states.before, found.states.live
        if gone := [d for d in self._dropped.values() if at(now, d.path) is ABSENT]:
            why.append(f"dropped by the server, though others had set it: {', '.join(_names(gone))}")
        # All that is of the run was put back, or it would have been put back again.
        loose = [d for d in self._put.values() if found.of_the_server(d.path)]
        own = [d for d in loose if not same(at(now, d.path), at(was, d.path))]
        if own:
            why.append(f"written by the server itself: {', '.join(_names(own))}")
        if not (self._put or self._noted or self._given):
            return Item(self._what, "unchanged", "; ".join(why) or self._as_before(same(was, now)), needs=needs)
        left = {d.path for d in found.conflicts}
        restored = [d for d in self._put.values() if d not in own and d.path not in left and d.path[-1] != f"f:{RUN}"]
        return Item(self._what, "restored", "; ".join(why), _names(restored), needs)

    def _as_before(self, whole: bool) -> str:
        return "it is as it was before the run" if whole else "what the run changed is as it was before"


def _is_doubtful(found: ObjectMerge, policy: OnConflict) -> bool:
    contested = found.conflicts or (policy is OnConflict.FORCE and found.restored)
    return bool(contested) or unexplained(found.states) or any(set_back(found.states))


def _names(differences: Iterable[Difference]) -> tuple[str, ...]:
    return tuple(name_of(difference.path) for difference in differences)
