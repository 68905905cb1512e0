"""Makes an object anew whose immutable field changed: the last resort, where nothing is lost by it.

Which objects that may be stands in `objects.recreatable`. In every case a dry run of the creation has to be accepted
first, pods are orphaned, and dependents spared (L5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.wait import wait_until_deleted
from ..objects.applied import holds
from ..objects.fields import content, managed, union
from ..objects.merge import OnConflict, diff
from ..objects.object_merge import ObjectMerge
from ..objects.ownership import UNDO_MANAGER, ownership_pending, with_owners
from ..objects.recreatable import HOLDS_DATA, MAY, creatable, has_run, held_back, propagation
from ..objects.tree import ABSENT, name_of, tree
from ..spec import Item
from .dependents import dependents
from .remedy import BY_HAND, RECREATE

if TYPE_CHECKING:
    from ..kube.client import Client
    from .restore import Change, Restorer

_TRIES = 8


class Recreation:
    """One object, and how it is made anew."""

    def __init__(self, how: Restorer, change: Change, before: Mapping[str, Any]) -> None:
        self._how, self._change, self._before = how, change, before
        self._ref, self._what = change.ref, str(change.ref)

    def gone(self) -> Item:
        """Return the result for an object that does not exist."""
        if self._change.recreating:
            return self.create(self._change.anew or self._before)
        if self._how.policy is OnConflict.MERGE:
            return Item(self._what, "absent", "it was deleted by somebody else since, and stays so")
        why = "it was deleted by somebody else since"
        if self._how.policy is OnConflict.FORCE:
            if (self._ref.group, self._ref.kind) in HOLDS_DATA:
                why += ", and what it held does not come back with it: create it by hand, if an empty one will do"
                return Item(self._what, "failed", why, needs=BY_HAND)
            self._how.about_to_recreate(self._ref, dict(self._before))
            return self.create(self._before)
        return Item(self._what, "conflict", why)

    def existing(self, live: Mapping[str, Any]) -> Item:
        """Return the result for an object that exists where an earlier undo was about to make one anew."""
        wanted = self._change.anew or self._before
        if ownership_pending(live):
            return self._give_back(wanted, live)
        if differing := _differing(creatable(wanted), live):
            why = f"it was to be made anew, and what is there now differs in {', '.join(differing)}"
            return Item(self._what, "kept", why)
        return Item(self._what, "restored", "created anew from its snapshot")

    def recreate(self, live: Mapping[str, Any], merge: ObjectMerge, error: ApiError) -> Item:
        """Make the object anew when the server refused its update, if nothing is lost by it; else say why it stays."""
        if not error.immutable:
            return Item(self._what, "failed", f"the server does not take it back: {error.message}")
        if reason := self._forbidden(live):
            needs = BY_HAND if (self._ref.group, self._ref.kind) in HOLDS_DATA else RECREATE
            return Item(
                self._what, "failed", f"it can't be changed back ({_server_message(error)}), and {reason}", needs=needs
            )
        wanted = with_owners(merge.obj, merge.owners.entries(live, [d.path for d in merge.restored]))
        if refused := refusal(self._how.client, creatable(wanted), UNDO_MANAGER):
            why = f"it can't be changed back ({_server_message(error)}), nor be made anew: {refused.message}"
            return Item(self._what, "failed", why)
        self._how.about_to_recreate(self._ref, wanted)
        return self.delete(live, wanted) or self.create(wanted)

    def _forbidden(self, live: Mapping[str, Any]) -> str:
        """Return why the object must not be deleted, or ""."""
        kind = (self._ref.group, self._ref.kind)
        if kind in HOLDS_DATA:
            return "what it holds would be lost if it were made anew"
        if self._how.recreate:
            return ""
        if kind not in MAY:
            reason = "what depends on it is not known"
        elif why := held_back(live):
            reason = why
        elif has_run(self._before):
            reason = "it has run: made anew it would run again"
        elif others := dependents(self._how.client, self._ref, live["metadata"]["uid"]):
            reason = f"it owns {', '.join(others[:5])}"
        else:
            return ""
        return f"is not made anew unasked: {reason}; to do so, roll back with {RECREATE}"

    def delete(self, live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Item | None:
        """Delete the object, to make it anew as wanted; None when it is gone."""
        metadata = live["metadata"]
        self._how.client.delete(
            self._ref, uid=metadata["uid"], version=metadata["resourceVersion"], propagation=propagation(live, wanted)
        )
        if wait_until_deleted(self._how.client, self._ref, metadata["uid"]) is not None:
            return Item(self._what, "failed", "it has to be created anew, and its deletion does not end")
        return None

    def create(self, wanted: Mapping[str, Any]) -> Item:
        """Create the object, and give its fields back to their owners."""
        client = self._how.client
        try:
            created = client.create(creatable(wanted), manager=UNDO_MANAGER)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            # An answer that was lost, or somebody else was faster.
            there = client.get(self._ref)
            return self.existing(there) if there is not None else Item(self._what, "failed", str(error))
        return self._give_back(wanted, created)

    def _give_back(self, wanted: Mapping[str, Any], created: Mapping[str, Any]) -> Item:
        """Restore the old object's field owners on the new one; controllers may write in between."""
        now: Mapping[str, Any] | None = created
        for _ in range(_TRIES):
            if now is None:
                return Item(self._what, "conflict", "it was deleted by somebody else while it was being made anew")
            if ownership_pending(now):
                status = [entry for entry in managed(now) if entry.get("subresource") == "status"]
                entries = [e for e in managed(wanted) if e.get("subresource") != "status"] + status
                try:
                    self._how.client.replace(with_owners(now, entries or [{}]), manager=UNDO_MANAGER)
                except ApiError as error:
                    if not error.conflict:
                        raise
                now = self._how.client.get(self._ref)
                continue
            if differing := _differing(creatable(wanted), now):
                return Item(self._what, "failed", f"created anew, and still different: {', '.join(differing)}")
            return Item(self._what, "restored", "created anew from its snapshot")
        return Item(self._what, "failed", "created anew, and it changes faster than its fields can be given back")


def refusal(client: Client, obj: Mapping[str, Any], manager: str) -> ApiError | None:
    """Return why the server would not create an object in the place of the one that stands; raise when it is away."""
    try:
        client.create(obj, manager=manager, dry_run=True)
    except ApiError as refused:
        # While the object stands the name is taken, which the server says after admission and validation.
        if refused.transient:
            raise
        return None if refused.reason == "AlreadyExists" else refused
    return None


def _server_message(error: ApiError) -> str:
    return error.message.partition("\n")[0]


def _differing(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields that are not as wanted.

    What the server added does not count, nor what a controller wrote beside the status: a Deployment's revision starts
    anew.
    """
    nodes = [tree(obj, {}) for obj in (wanted, content(live))]
    status = union(*(e.get("fieldsV1") or {} for e in managed(live) if e.get("subresource") == "status"))
    return tuple(name_of(d.path) for d in diff(*nodes) if d.old is not ABSENT and not holds(status, d.path))
