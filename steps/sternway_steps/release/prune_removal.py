"""Removes what a target no longer names: as it was recorded, by UID and resourceVersion, and waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import Failed, Transient
from ..kube.api_error import ApiError
from ..kube.parallel import run_parallel
from ..kube.wait import DELETED_WITHIN, wait_until_deleted
from ..objects.fields import content
from ..objects.order import undo_waves
from ..objects.ref import Ref
from .prune import Unnamed
from .removal import ALONE

if TYPE_CHECKING:
    from ..kube.client import Client

_TRIES = 20


def require_removable(client: Client, wanted: Iterable[Unnamed]) -> None:
    """Ask by a dry run whether each may be deleted, before the first one is; raises Failed, Transient."""

    def one(found: Unnamed) -> None:
        try:
            client.delete(found.ref, uid=found.live["metadata"]["uid"], dry_run=True)
        except ApiError as error:
            raise _refused(found.ref, error) from error

    run_parallel(one, list(wanted))


def remove(
    client: Client,
    wanted: Iterable[Unnamed],
    check: Callable[[], None],
    on_removed: Callable[[Unnamed], None],
    on_wave: Callable[[], None],
) -> None:
    """Remove objects, wave after wave in the reverse order of an apply: what sends traffic before what takes it.

    `check` raises when it is to stop; `on_removed` is called with each, from several threads, `on_wave` after a wave.

    Raises: Failed when one can't be removed, Transient when the server is away, or somebody changed it meanwhile.
    """

    def one(found: Unnamed) -> None:
        check()
        _remove(client, found)
        on_removed(found)

    for _, wave in undo_waves(wanted, lambda found: found.ref.kind, lambda _: True):
        try:
            run_parallel(one, wave)
        finally:
            on_wave()


def _remove(client: Client, found: Unnamed) -> None:
    """Delete an object and what its controller made for it; a new status is no change, anything else is."""
    ref, uid = found.ref, found.live["metadata"]["uid"]
    seen: Mapping[str, Any] | None = found.live
    for _ in range(_TRIES):
        if seen is None or seen["metadata"]["uid"] != uid:
            return  # somebody else was faster; what is there now is not ours
        if "deletionTimestamp" in seen["metadata"]:
            break
        if content(seen) != content(found.live):
            raise Transient(f"{ref} was changed by somebody else while it was about to be removed")
        try:
            how = "Background" if ref.kind in ALONE else "Foreground"
            client.delete(ref, uid=uid, version=seen["metadata"]["resourceVersion"], propagation=how)
            break
        except ApiError as error:
            if not error.conflict:
                raise _refused(ref, error) from error
        seen = client.get(ref)
    else:
        raise Transient(f"{ref} changes faster than it can be removed")
    if (left := wait_until_deleted(client, ref, uid, DELETED_WITHIN)) is not None:
        holds = ", ".join(left["metadata"].get("finalizers") or []) or "nothing that is known"
        remedy = "find out why what these finalizers stand for does not end; the deletion can't be taken back"
        raise Failed(f"{ref} is still being removed after {DELETED_WITHIN:.0f} s; finalizers: {holds}", remedy=remedy)


def _refused(ref: Ref, error: ApiError) -> Failed | Transient:
    if error.transient:
        return Transient(f"{ref}: {error}", retry_after=error.retry_after)
    remedy = 'sternway.dev/keep: "true" on it keeps it' + ("" if not error.forbidden else "; or grant delete on it")
    return Failed(f"{ref} can't be removed: {error}", remedy=remedy)
