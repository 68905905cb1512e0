"""Undoes what a run has made anew: its own object goes, and the one that was there before comes back.

| there is now | the undo |
| --- | --- |
| the one of before | nothing was done: it is compared as any other; one whose deletion is under way is waited for |
| nothing, and no evidence of a new one | the run was cut off in between: the old one is made anew |
| the run's own | it is deleted by its UID, and the old one made anew |
| nothing, though the new one had been made | somebody deleted it, which is a conflict as for any other object |
| another one | it stays: somebody else made it |

A Job that had run is not made anew unasked, for it would run again: the run's own is deleted, and the rest is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.wait import wait_until_deleted
from ..objects.creator import doubt
from ..objects.ends_itself import ends_by_itself
from ..objects.ownership import UNDO_MANAGER
from ..objects.recreatable import creatable, has_run
from ..objects.run_annotation import run_of
from ..spec import Item
from .recreate import Recreation, refusal
from .remedy import RECREATE

if TYPE_CHECKING:
    from .restore import Change, Restorer

_TRIES = 5


class Replaced:
    """One object that a run was about to make anew."""

    def __init__(self, how: Restorer, change: Change, before: dict[str, Any]) -> None:
        self._how, self._change, self._before = how, change, before
        self._what = str(change.ref)
        self._anew = Recreation(how, change, before)

    def undo(self, live: dict[str, Any] | None) -> Item | None:
        """Return the result; None where it is to be undone as any other object.

        Raises: ApiError when the server does not answer, or forbids it.
        """
        change = self._change
        if live is not None and live["metadata"]["uid"] == self._before["metadata"]["uid"]:
            if "deletionTimestamp" not in live["metadata"]:
                return None
            if wait_until_deleted(self._how.client, change.ref, live["metadata"]["uid"]) is not None:
                return Item(self._what, "failed", "the run has begun to delete it, and that does not end")
            live = self._how.client.get(change.ref)
        if live is None:
            return self._gone()
        if self._is_ours(live):
            return self._back(live)
        if change.uid is None and not change.recreating and run_of(live) != self._how.run:
            return Item(self._what, "kept", "while it was made anew, somebody else created another one of that name")
        return None

    def _gone(self) -> Item | None:
        change, before = self._change, self._before
        made = change.uid is not None and not change.recreating
        if made and not ends_by_itself(change.after or change.applied):
            return None  # somebody deleted the new one
        if why := ends_by_itself(before):
            return Item(self._what, "absent", f"it ended by itself: {why}")
        if not change.recreating:
            self._how.about_to_recreate(change.ref, dict(before))
        return self._runs_again() or self._anew.create(before)

    def _is_ours(self, live: Mapping[str, Any]) -> bool:
        """Return whether the run made it, by its evidence, or by what the object says where that was lost."""
        change = self._change
        if change.uid is not None:
            return bool(change.created and change.uid == live["metadata"]["uid"])
        return run_of(live) == self._how.run and not doubt(live, change.manager, create_only=True)

    def _back(self, live: dict[str, Any]) -> Item:
        """Delete the run's own object, and make the old one anew; what controllers write meanwhile is no matter."""
        client, ref, uid = self._how.client, self._change.ref, live["metadata"]["uid"]
        if (run_of(live) or self._how.run) != self._how.run:
            return Item(self._what, "kept", f"a later run, {run_of(live)}, took it over")
        if refused := refusal(client, creatable(self._before), UNDO_MANAGER):
            return Item(self._what, "failed", f"the old one can't be made anew: {refused.message}")
        self._how.about_to_recreate(ref, dict(self._before))
        for left in reversed(range(_TRIES)):
            try:
                if failed := self._anew.delete(live, self._before):
                    return failed
                break
            except ApiError as error:
                if not error.conflict or not left:
                    raise
            again = client.get(ref)
            if again is None or again["metadata"]["uid"] != uid or run_of(again) != run_of(live):
                break  # it is gone, or another: the creation tells
            live = again
        return self._runs_again() or self._anew.create(self._before)

    def _runs_again(self) -> Item | None:
        """Return what is left to a person, where the old one is a Job that has run."""
        if self._how.recreate or not has_run(self._before):
            return None
        why = f"what the run made is gone; the old one has run, and made anew it would run again: {RECREATE} does so"
        return Item(self._what, "failed", why, needs=RECREATE)
