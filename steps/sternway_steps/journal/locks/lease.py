"""The lock of a journal in the cluster: a coordination.k8s.io Lease that its holder renews."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...errors import Refused, Transient
from ...kube.api_error import ApiError, unable
from ...objects.ref import Ref
from .lock import Holder

if TYPE_CHECKING:
    from ...kube.client import Client

MANAGER = "sternway-lock"
DURATION = 15.0
"""Seconds without a renewal after which a lease is void (client-go's default for leader election)."""
_RENEW = 4.0
_LONG_DEAD = 4 * DURATION
_TRIES = 5


class LeaseLock:
    """The Lease of one target; renewed by a thread while it is held."""

    def __init__(self, client: Client, namespace: str, target: str) -> None:
        name = f"sternway-{target}".lower().replace("_", "-")
        self._client = client
        self._ref = Ref("coordination.k8s.io/v1", "Lease", namespace, name)
        self._lease: dict[str, Any] | None = None
        self._stop = threading.Event()
        self._run_stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.lost = threading.Event()

    def acquire(self, run: str, stop: threading.Event) -> None:
        """Take the lease; waits up to its duration for a holder on another machine that may be dead."""
        me = Holder.me(run)
        self._run_stop = stop
        try:
            for _ in range(_TRIES):
                lease = self._client.get(self._ref)
                if lease is not None and (holder := self._alive(lease, stop)):
                    raise Transient(
                        f"another run of this target is at work: run {holder.run} on {holder.host}, pid {holder.pid}"
                    )
                with suppress(_Raced):
                    self._lease = self._take(lease, me)
                    break
            else:
                raise Transient("the lock of this target changes hands too fast")
        except ApiError as error:
            raise _unlockable(error, self._ref.namespace) from error
        self._stop = threading.Event()  # a lock that was given back, or lost, can be taken again
        self.lost.clear()
        self._thread = threading.Thread(target=self._renew, name="sternway-lease", daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Stop renewing and delete the lease, if it is still ours."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._lease is not None and not self.lost.is_set():
            with suppress(ApiError):
                self._client.delete(self._ref, uid=self._lease["metadata"]["uid"], propagation="Background")
        self._lease = None

    def holder(self) -> Holder | None:
        """Return the holder whose lease is not void, as far as can be told without waiting."""
        lease = self._client.get(self._ref)
        holder = _holder(lease)
        if lease is None or holder is None or holder.is_dead() or _age(lease) > DURATION:
            return None
        return holder

    def _alive(self, lease: dict[str, Any], stop: threading.Event) -> Holder | None:
        holder = _holder(lease)
        if holder is None or holder.is_dead() or _age(lease) > _LONG_DEAD:
            return None
        # Clocks of two machines differ, so the holder's renewals are watched on our own clock (as client-go does).
        end = time.monotonic() + DURATION
        while (left := end - time.monotonic()) > 0 and not stop.wait(min(1.0, left)):
            now = self._client.get(self._ref)
            if now is None:
                return None
            if now["metadata"]["resourceVersion"] != lease["metadata"]["resourceVersion"]:
                return _holder(now)
        return holder if stop.is_set() else None

    def _take(self, lease: dict[str, Any] | None, me: Holder) -> dict[str, Any]:
        spec = {
            "holderIdentity": str(me),
            "leaseDurationSeconds": int(DURATION),
            "acquireTime": _now(),
            "renewTime": _now(),
        }
        try:
            if lease is None:
                metadata = {"name": self._ref.name, "namespace": self._ref.namespace}
                body = {"apiVersion": self._ref.api_version, "kind": self._ref.kind, "metadata": metadata, "spec": spec}
                return self._client.create(body, manager=MANAGER, safe=True)
            return self._client.replace({**lease, "spec": spec}, manager=MANAGER)
        except ApiError as error:
            there = self._client.get(self._ref) if error.conflict or error.unreachable else None
            if there is not None and there["spec"].get("holderIdentity") == str(me):
                return there  # it went through, only the answer was lost
            if error.conflict or (error.not_found and lease is not None):
                raise _Raced from error
            raise

    def _renew(self) -> None:
        renewed = time.monotonic()
        while not self._stop.wait(_RENEW):
            lease = self._lease
            if lease is None:
                return
            try:
                spec = {**lease["spec"], "renewTime": _now()}
                self._lease = self._client.replace({**lease, "spec": spec}, manager=MANAGER)
                renewed = time.monotonic()
            except ApiError as error:
                # A conflict means that another process took the lease, or that our own last write went through
                # without an answer: what is there tells.
                with suppress(ApiError):
                    there = self._client.get(self._ref) if error.conflict else lease
                    if there and there["spec"].get("holderIdentity") == lease["spec"]["holderIdentity"]:
                        self._lease = there
                    else:
                        self._lose()
                        return
                if time.monotonic() - renewed > DURATION:
                    self._lose()
                    return

    def _lose(self) -> None:
        """Say that somebody else may be at work: neither the run nor an undo goes on."""
        self.lost.set()
        self._run_stop.set()


class _Raced(Exception):
    """Somebody else wrote the lease between our read and our write."""


def _holder(lease: dict[str, Any] | None) -> Holder | None:
    return Holder.parse(((lease or {}).get("spec") or {}).get("holderIdentity") or "")


def _age(lease: dict[str, Any]) -> float:
    renewed = datetime.fromisoformat(lease["spec"]["renewTime"].replace("Z", "+00:00"))
    return (datetime.now(UTC) - renewed).total_seconds()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _unlockable(error: ApiError, namespace: str | None) -> Refused | Transient:
    if error.not_found:
        return Refused(
            f"namespace {namespace} does not exist",
            remedy="create it, or set journal.namespace to one that exists when the manifests create it",
        )
    remedy = f"grant get, create, update and delete on leases.coordination.k8s.io in namespace {namespace}"
    return unable("the target can't be locked", error, remedy)
