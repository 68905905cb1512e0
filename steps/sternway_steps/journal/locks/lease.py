"""The lock of a journal in the cluster: one coordination.k8s.io Lease a target, which its holders renew.

A target is held by a run. Those of its processes that may work side by side hold it together, as members:

| who comes                                         | who of the same run has to leave first | of another run |
| ------------------------------------------------- | -------------------------------------- | -------------- |
| a whole run, an undo, a single step: part ""      | everybody                              | everybody      |
| a step of a group: its name as part               | part "", and the same part             | everybody      |
| the end of a run made step by step: part ".end"   | part "", and the same part             | everybody      |

All of it stands in one object, so its resourceVersion decides between two that come at once. A member is gone when it
provably died (see `holder`), or did not renew for the whole length of the lease by the watcher's own clock (see
`watch`). It stops by its own clock before that (see `kube.fence`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...errors import Refused, Transient
from ...kube.api_error import ApiError, unable
from ...kube.fence import Fence
from ...objects.ref import Ref
from ...spec import Action
from ..name import lease_name
from .holder import Holder
from .lock import at_work
from .members import Member, members, with_members, with_request
from .renewal import MANAGER, Renewal
from .waiting import Tell, Waited
from .watch import Watch

if TYPE_CHECKING:
    from ...kube.client import Client

DURATION = 15.0
"""Seconds without a renewal after which a lease is void (client-go's default for leader election)."""
GRACE = 12.0
"""Seconds that an execution has to end by itself once its undo waits: a program has ten between two signals."""
_POLL = 0.5
_TRIES = 5


class LeaseLock:
    """The Lease of one target; renewed by a thread while it is held.

    Args:
        client: sends what changes the Lease itself, so it is not fenced.
        namespace: where the Lease is.
        target: what is held.
        part: what is done beside others of the run, "" for what nobody may be beside.
        fence: is open while the target is held.
        wait: seconds to wait for somebody who is at work.
        doing: says of a run what it does at the moment.

    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        target: str,
        *,
        part: str = "",
        fence: Fence | None = None,
        wait: float = 0.0,
        doing: Callable[[str], str] = lambda _: "",
    ) -> None:
        self.fence = fence or Fence()
        self._client, self._target, self._part = client, target, part
        self._wait, self._doing = wait, doing
        self._ref = Ref("coordination.k8s.io/v1", "Lease", namespace, lease_name(target))
        self._me: Member | None = None
        self._renewal: Renewal | None = None

    @property
    def lost(self) -> threading.Event:
        """Set when the lease could not be kept."""
        return self.fence.lost

    @property
    def name(self) -> str:
        """The Lease's."""
        return self._ref.name

    def part(self, name: str) -> LeaseLock:
        """Return the lock for a part of the run, on the same fence: one of the two is held at a time."""
        how: dict[str, Any] = {"fence": self.fence, "wait": self._wait, "doing": self._doing}
        return LeaseLock(self._client, str(self._ref.namespace), self._target, part=name, **how)

    def acquire(self, run: str, stop: threading.Event, step: Action | None = None, tell: Tell = lambda _: None) -> None:
        """Take the lease; waits up to its length for a holder that may be dead, and for a living one if told to.

        An undo waits for an execution of its own run, and asks it after GRACE to give the target up.
        """
        self._me = Member.me(run, self._part, forward=step is Action.EXECUTE)
        try:
            waited = Waited(tell)
            lease, since = self._enter(self._me, stop, waited, undoes=step is Action.ROLLBACK)
            waited.over()
        except ApiError as error:
            raise _unlockable(error, self._ref.namespace) from error
        self.fence.open(stop, DURATION, since)
        self._renewal = Renewal(self._client, self._ref, self._me, self.fence)
        self._renewal.start(lease)

    def release(self) -> None:
        """Stop renewing and leave; the last one deletes the Lease, if it is still as it was left."""
        if self._renewal is None or self._me is None:
            return
        is_lost = self.lost.is_set()
        self.fence.shut()
        lease, me = self._renewal.end(), self._me
        self._renewal = None
        if not is_lost and not self.lost.is_set():
            try:
                self._leave(lease, me)
            except ApiError as error:  # it ends by itself
                if error.forbidden:
                    logging.getLogger("sternway").warning("the target stays locked until its Lease ends: %s", error)

    def holder(self) -> Holder | None:
        """Return a holder whose lease is not void, as far as can be told at once: a hint, for clocks may differ."""
        lease = self._client.get(self._ref)
        if lease is None or _age(lease) > lease["spec"]["leaseDurationSeconds"]:
            return None
        return next((one.holder for one in members(lease) if not one.holder.is_dead()), None)

    def _enter(self, me: Member, stop: threading.Event, told: Waited, *, undoes: bool) -> tuple[dict[str, Any], float]:
        """Wait until nobody is in the way, and give the Lease that was written, with when that began."""
        clock = self.fence.clock
        watch, began, raced = Watch(clock), clock(), 0
        asked = False
        if (made := self._made(me)) is not None:
            return made, began
        while True:
            lease, there = watch.living(lambda: self._client.get(self._ref))
            ahead = [one for one in there if one.excludes(me.holder.run, me.part)]
            waited = clock() - began
            if ahead and waited >= _POLL:
                told.on(ahead[0].holder, ahead[0].since, self._doing)
            if not ahead:
                try:
                    since = clock()
                    return self._write(lease, [*there, me]), since
                except _Raced:
                    raced += 1
                    if raced == _TRIES:
                        raise Transient("the lock of this target changes hands too fast") from None
                    continue
            if undoes and all(one.forward and one.holder.run == me.holder.run for one in ahead):
                asked = asked or (waited >= GRACE and self._ask(lease, ahead))
                most = GRACE + 3 * float((lease or {})["spec"]["leaseDurationSeconds"])
                if not stop.is_set() and waited < max(most, self._wait):
                    stop.wait(_POLL)
                    continue
            alive = any(watch.has_renewed(one) for one in ahead) or waited >= 2 * DURATION
            if stop.is_set() or (waited >= self._wait and alive):
                first = ahead[0]
                raise at_work(first.holder, first.since, self._doing(first.holder.run))
            stop.wait(_POLL)

    def _made(self, me: Member) -> dict[str, Any] | None:
        """Make the Lease, for mostly nobody holds a target; None when it has to be looked at first."""
        try:
            return self._write(None, [me])
        except _Raced:
            return None
        except ApiError as error:
            if not error.forbidden:  # it may be allowed to join one that is there
                raise
            return None

    def _ask(self, lease: Any, ahead: Sequence[Member]) -> bool:
        """Ask members to give the target up, which each sees when it renews next; return whether that is written."""
        try:
            self._client.replace(with_request(lease, ahead), manager=MANAGER)
        except ApiError:
            return False  # somebody else wrote, or it is away: then by the next look
        return True

    def _write(self, lease: Any, found: Sequence[Member]) -> dict[str, Any]:

        me = found[-1].holder
        length = DURATION
        if lease is not None and len(found) > 1:
            length = max(length, float(lease["spec"]["leaseDurationSeconds"]))
        try:
            if lease is None:
                metadata = {"name": self._ref.name, "namespace": self._ref.namespace}
                body = {"apiVersion": self._ref.api_version, "kind": self._ref.kind, "metadata": metadata}
                return self._client.create(with_members(body, found, length), manager=MANAGER, safe=True)
            return self._client.replace(with_members(lease, found, length), manager=MANAGER)
        except ApiError as error:
            there = self._client.get(self._ref) if error.conflict or error.unreachable else None
            if there is not None and me in [one.holder for one in members(there)]:
                return there  # it went through, only the answer was lost
            if error.conflict or (error.not_found and lease is not None):
                raise _Raced from error
            raise

    def _leave(self, lease: dict[str, Any] | None, me: Member) -> None:

        for _ in range(_TRIES):
            there = members(lease)
            rest = [one for one in there if one.holder != me.holder]
            if lease is None or len(rest) == len(there):
                return
            metadata = lease["metadata"]
            try:
                if rest:
                    body = with_members(lease, rest, lease["spec"]["leaseDurationSeconds"])
                    self._client.replace(body, manager=MANAGER)
                else:
                    held = {"uid": metadata["uid"], "version": metadata["resourceVersion"]}
                    self._client.delete(self._ref, **held, propagation="Background")
            except ApiError as error:
                if not error.conflict:
                    raise
                lease = self._client.get(self._ref)
                continue
            return


class _Raced(Exception):
    """Somebody else wrote the lease between our read and our write."""


def _age(lease: dict[str, Any]) -> float:
    renewed = datetime.fromisoformat(lease["spec"]["renewTime"].replace("Z", "+00:00"))
    return (datetime.now(UTC) - renewed).total_seconds()


def _unlockable(error: ApiError, namespace: str | None) -> Refused | Transient:
    if error.not_found:
        return Refused(
            f"namespace {namespace} does not exist",
            remedy="create it, or set journal.namespace to one that exists when the manifests create it",
        )
    remedy = f"grant get, create, update and delete on leases.coordination.k8s.io in namespace {namespace}"
    return unable("the target can't be locked", error, remedy)
