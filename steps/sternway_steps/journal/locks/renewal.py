"""The thread that renews a Lease while its target is held."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...kube.api_error import ApiError
from .members import Member, is_asked, members, with_members

if TYPE_CHECKING:
    from ...kube.client import Client
    from ...kube.fence import Fence
    from ...objects.ref import Ref

MANAGER = "sternway-lock"
_PART = 5
"""So many renewals may fail within the length of a lease; each is given up after its own part of it."""


class Renewal:
    """Renews one member's part of a Lease, and tells the fence until when it holds."""

    def __init__(self, client: Client, ref: Ref, me: Member, fence: Fence) -> None:
        self._client, self._ref, self._me, self._fence = client, ref, me, fence
        self._lease: dict[str, Any] = {}
        self._beat = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sternway-lease", daemon=True)

    def start(self, lease: dict[str, Any]) -> None:
        """Begin with the Lease as it is when the target was taken."""
        self._lease = lease
        self._thread.start()

    def end(self) -> dict[str, Any]:
        """Stop, and give the Lease as it was seen last."""
        self._stop.set()
        self._thread.join()
        return self._lease

    def _run(self) -> None:

        wait, told = self._patience(), False
        while not self._stop.wait(wait) and not self._fence.lost.is_set():
            try:
                if not self._renew():
                    self._fence.lose()
                    return
                wait = self._patience()
            except ApiError as error:
                if error.forbidden and not told:
                    told = True
                    logging.getLogger("sternway").warning("the target's Lease can't be renewed: %s", error)
                wait = self._patience() * random.uniform(0.02, 0.1)  # noqa: S311  members must not write in step

    def _renew(self) -> bool:
        """Renew once; False when the target is no longer ours. Raises ApiError when that is to be tried again."""
        there = members(self._lease)
        if not _holds(there, self._me):
            return False
        self._beat += 1  # of each try its own: what is there after an answer that was lost tells which went through
        mine = replace(self._me, beat=str(self._beat))
        since, length = self._fence.clock(), max(self._fence.wanted, float(self._lease["spec"]["leaseDurationSeconds"]))
        renewed = [mine if one.holder == mine.holder else one for one in there]
        try:
            body = with_members(self._lease, renewed, length)
            self._lease = self._client.replace(body, manager=MANAGER, timeout=self._patience())
        except ApiError as error:
            if not (error.conflict or error.not_found or error.unreachable):
                raise
            # Another member wrote, somebody took it, or our own last write went through without an answer.
            now = self._client.get(self._ref, timeout=self._patience())
            if now is None or not _holds(members(now), self._me):
                return False
            self._lease = now
            if self._me.forward and is_asked(now, self._me):
                return False
            if mine not in members(now):
                raise
        self._fence.extend(length, since)
        return True

    def _patience(self) -> float:
        return self._fence.wanted / _PART


def _holds(there: Sequence[Member], me: Member) -> bool:
    return any(one.holder == me.holder for one in there)
