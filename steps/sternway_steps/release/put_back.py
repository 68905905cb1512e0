"""Puts back what a run has removed, because its target no longer named it.

| there is now | the undo |
| --- | --- |
| the one of before | it was not removed: nothing is done; one whose removal is under way is waited for |
| nothing | it is made anew as it was, with its owners; what can't be (an address that is taken) fails |
| another one | it stays: somebody else made it |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..kube.wait import DELETED_WITHIN, wait_until_deleted
from ..objects.recreatable import has_run
from ..spec import Item
from .recreate import Recreation
from .remedy import RECREATE

if TYPE_CHECKING:
    from .restore import Change, Restorer


class Removed:
    """One object that a run was about to remove."""

    def __init__(self, how: Restorer, change: Change, before: dict[str, Any]) -> None:
        self._how, self._change, self._before = how, change, before
        self._what = str(change.ref)
        self._anew = Recreation(how, change, before)

    def undo(self, live: dict[str, Any] | None) -> Item:
        """Return the result; raises ApiError when the server does not answer, or refuses it."""
        change, before = self._change, self._before
        if live is not None and live["metadata"]["uid"] == before["metadata"]["uid"]:
            if "deletionTimestamp" not in live["metadata"]:
                return Item(self._what, "unchanged", "it was not removed")
            uid, client = live["metadata"]["uid"], self._how.client
            if (left := wait_until_deleted(client, change.ref, uid, DELETED_WITHIN)) is not None:
                holds = ", ".join(left["metadata"].get("finalizers") or []) or "nothing that is known"
                why = f"its removal has begun and does not end, so it can't be made anew; finalizers: {holds}"
                return Item(self._what, "failed", why)
            live = self._how.client.get(change.ref)
        if live is not None:
            if change.recreating:
                return self._anew.existing(live)
            return Item(self._what, "kept", "it was removed, and somebody else created another one of that name")
        if has_run(before) and not self._how.recreate:
            why = f"it has run, and made anew it would run again: {RECREATE} does so"
            return Item(self._what, "failed", why, needs=RECREATE)
        if not change.recreating:
            self._how.about_to_recreate(change.ref, dict(before))
        return self._anew.create(before)
