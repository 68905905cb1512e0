"""Deletes what a run created: by UID and as it was read, waited for, and never what holds other people's data.

What an object owns is deleted with it (garbage collection). An owner may have adopted what existed before it: a
Deployment the ReplicaSet of an earlier one, a StatefulSet pods and claims. That stays: then the owner alone is deleted
(propagation Orphan), and what is younger than it afterwards.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import Transient
from ..kube.api_error import ApiError
from ..kube.wait import DELETED_WITHIN, wait_until_deleted
from ..objects.ref import Ref
from ..objects.run_annotation import run_of
from ..spec import Item
from .kept import must_stay
from .survey import ListedObject, Survey, survey
from .volume_claims import keep_claims

if TYPE_CHECKING:
    from ..kube.client import Client

_FOLLOWERS = {"ControllerRevision", "EndpointSlice", "Endpoints", "Event"}
ALONE = frozenset({
    "ClusterRole", "ClusterRoleBinding", "ConfigMap", "LimitRange", "NetworkPolicy", "ResourceQuota", "Role",
    "RoleBinding", "Secret", "ServiceAccount",
})  # fmt: skip
"""Kinds for which no controller makes anything: where nothing is owned, the garbage collector need not look either. It
looks at ten objects a second (kube-controller-manager's 20 requests), so that a thousand would take minutes."""

_TRIES = 20


class Remover:
    """Deletes objects of one undo. Thread-safe: what existed at its beginning is listed once a namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._surveys: dict[str | None, Survey] = {}

    def remove(self, ref: Ref, uid: str) -> Item:
        """Delete an object and wait until it is gone; return deleted, absent, kept (with the reason) or failed."""
        client = self._client
        live = client.get(ref)
        if live is None or live["metadata"]["uid"] != uid:
            return _gone(ref, live)
        if reason := must_stay(client, live):
            return Item(str(ref), "kept", reason)
        claims, why = keep_claims(client, live)
        if why:
            return Item(str(ref), "failed", why)
        root = ListedObject(ref, live["metadata"])
        there = self._survey(ref)
        stays = _older(root, root, there)
        if why := self._forbidden(root, root, there) if stays else "":
            return Item(str(ref), "failed", why)
        if (instead := self._delete(root, root, there)) is not None:
            return instead
        kept = [f"kept its claims: {', '.join(claims)}"] if claims else []
        kept += [f"kept what was there before it: {', '.join(str(one.ref) for one in stays)}"] if stays else []
        return Item(str(ref), "deleted", "; ".join(kept))

    def _survey(self, ref: Ref) -> Survey:
        """Return what existed at first: in the namespace of an object, or in the whole cluster for one without."""
        with self._lock:
            if ref.namespace not in self._surveys:
                self._surveys[ref.namespace] = survey(self._client, ref.namespace)
            return self._surveys[ref.namespace]

    def _delete(self, one: ListedObject, root: ListedObject, there: Survey) -> Item | None:
        """Delete an object and what is below it, except what is older than the root; return what else came of it."""
        older = bool(_older(one, root, there))
        alone = one.ref.kind in ALONE and not there.of_owner(one.uid)
        policy = "Orphan" if older else "Background" if alone else "Foreground"
        if (other := self._held_delete(one, policy)) is not None:
            return _gone(root.ref, other) if one is root else None
        left = wait_until_deleted(self._client, one.ref, one.uid)
        if left is not None:
            holds = ", ".join(left["metadata"].get("finalizers") or []) or "nothing that is known"
            why = f"{one.ref} is still being deleted after {DELETED_WITHIN:.0f} s; finalizers: {holds}"
            return Item(str(root.ref), "failed", why)
        below = _younger(one, root, there) if older else ()
        return next((item for child in below if (item := self._delete(child, root, there))), None)

    def _held_delete(self, one: ListedObject, policy: str) -> Mapping[str, Any] | None:
        """Delete an object as it was read: a new status is no change, an apply by another run is one.

        Return the object of its name that stands there when somebody was faster, which stays.
        """
        seen: Mapping[str, Any] | None = {"metadata": one.metadata}
        for _ in range(_TRIES):
            if seen is None or seen["metadata"]["uid"] != one.uid:
                return seen
            if (run := run_of(seen)) != run_of({"metadata": one.metadata}):
                how = f"was applied by run {run}" if run else "lost the annotation of its run"
                raise Transient(f"{one.ref} {how} while it was about to be deleted")
            try:
                version = seen["metadata"]["resourceVersion"]
                self._client.delete(one.ref, uid=one.uid, version=version, propagation=policy)
            except ApiError as error:
                if not error.conflict:
                    raise
                seen = self._client.get(one.ref)
                continue
            return None
        raise Transient(f"{one.ref} changes faster than it can be deleted")

    def _forbidden(self, one: ListedObject, root: ListedObject, there: Survey) -> str:
        """Return what may not be deleted of all that would be deleted one by one, or ""; nothing is changed."""
        for child in _younger(one, root, there):
            try:
                self._client.delete(child.ref, uid=child.uid, dry_run=True)
            except ApiError as error:
                if error.forbidden:
                    return f"it has taken over what was there before it, and what it made may not be deleted: {error}"
                raise
            if why := self._forbidden(child, root, there):
                return why
        return ""


def _gone(ref: Ref, instead: Mapping[str, Any] | None) -> Item:
    if instead is None:
        return Item(str(ref), "absent", "it is gone already")
    return Item(str(ref), "kept", "it is another object of that name, which this run did not create")


def _older(one: ListedObject, root: ListedObject, there: Survey) -> list[ListedObject]:
    """Return what is below an object, at any depth, and existed before the root."""
    found: list[ListedObject] = []
    for child in there.of_owner(one.uid):
        if _before(child.metadata, root.metadata):
            found += [child] if child.ref.kind not in _FOLLOWERS else []
        else:
            found += _older(child, root, there)
    return found


def _younger(one: ListedObject, root: ListedObject, there: Survey) -> Iterable[ListedObject]:
    return (child for child in there.of_owner(one.uid) if not _before(child.metadata, root.metadata))


def _before(child: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    return str(child["creationTimestamp"]) < str(root["creationTimestamp"])
