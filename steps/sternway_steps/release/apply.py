"""Applies many objects by server-side apply, wave after wave, each on condition that it is still as in the snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import Failed, SternwayError, Transient
from ..kube.api_error import ApiError, conflicts
from ..kube.parallel import run_parallel
from ..kube.wait import wait_until_served
from ..objects.field_manager import targets_among
from ..objects.fields import content
from ..objects.irreversible import remedy_for
from ..objects.order import waves
from ..objects.ref import Ref
from ..objects.run_annotation import RUN, run_of
from ..objects.take_over import remedy_by_force
from .changed_fields import changed_anew, changed_fields
from .replacing import delete_to_replace
from .untyped import remedy_of, untyped_fields

if TYPE_CHECKING:
    from ..kube.client import Client
    from ..objects.take_over import Claim

_TRIES = 5


@dataclass(frozen=True)
class Applied:
    """One object after its apply. `created`: the object was not there before."""

    ref: Ref
    after: dict[str, Any]
    created: bool
    fields: tuple[str, ...] = ()
    """The fields that differ from before, without the run's own annotation."""
    anew: bool = False
    """The run has deleted the one that was there before, and made this one in its place."""
    exact: bool = True
    """Whether `after` is the answer to our own write; else the answer was lost, and others may have written since."""

    @property
    def uid(self) -> str:
        """The UID by which alone the object may be deleted."""
        return str(self.after["metadata"]["uid"])


@dataclass(frozen=True)
class Applier:
    """Applies objects for a run. `force` takes fields that other managers own."""

    client: Client
    run: str
    manager: str
    """The target's field manager."""
    force: bool
    claim: Callable[[Mapping[str, Any], Mapping[str, Any] | None], Claim | None]
    """Returns what is taken over of an object before it is applied."""
    check: Callable[[], None]
    """Raises when the run is to stop; called before each object."""
    on_applied: Callable[[Applied], None]
    """Called with each object as it is done, from several threads."""
    on_wave: Callable[[], None] = lambda: None
    """Called when a wave is done, or has failed: what it did is recorded before the next one begins."""
    same_target: Callable[[str], bool] = lambda _: False
    """Returns whether another run is of the same target."""
    replaced: frozenset[Ref] = frozenset()
    """What is deleted and made anew, for it can't be changed: that was recorded before."""

    def apply(self, objects: Iterable[Mapping[str, Any]], before: Mapping[Ref, dict[str, Any] | None]) -> None:
        """Apply all objects; ends at the first error, when the applies under way have ended too.

        Raises: Failed when the server rejects an object, Transient when it is away or an object changed under us.
        """
        for wave in waves(objects):
            try:
                run_parallel(lambda obj: self._one(obj, before.get(Ref.of(obj))), wave)
            except BaseException:
                with suppress(SternwayError):  # the first error is the one that counts
                    self.on_wave()
                raise
            self.on_wave()
            if wave[0]["kind"] == "CustomResourceDefinition":
                wait_until_served(self.client, [Ref.of(obj) for obj in wave], self.check)

    def _one(self, obj: dict[str, Any], before: dict[str, Any] | None) -> None:
        self.check()
        ref, current, force = Ref.of(obj), before, self.force
        if before is not None and ref in self.replaced:
            self.on_applied(self._anew(ref, obj, before))
            return
        for _ in range(_TRIES):
            try:
                if (claim := self.claim(obj, current)) is not None:
                    current = self._take_over(ref, current, claim)
                applied = self.client.apply(stamped(obj, self.run, current), manager=self.manager, force=force)
            except ApiError as error:
                if not force and _only_the_mark(error):
                    force = True  # nothing else may be taken by it: another version of the object is no longer ours
                    continue
                if not (error.conflict or (error.not_found and before is not None)) or conflicting(error):
                    raise rejected(ref, error, remedy_by_force(before, obj, self.manager)) from error
                current = self._unless_changed(ref, before)
                if self._went_through(current, before):
                    self.on_applied(Applied(ref, current, before is None, changed_fields(before, current), exact=False))
                    return
            else:
                self.on_applied(Applied(ref, applied.obj, before is None, changed_fields(before, applied.obj)))
                return
        raise Transient(f"{ref} changes faster than it can be applied")

    def _anew(self, ref: Ref, obj: dict[str, Any], before: dict[str, Any]) -> Applied:
        """Delete an object as it was read, and create the new one: an apply that can only create."""
        client, old = self.client, before["metadata"]["uid"]
        try:
            delete_to_replace(client, obj, before, lambda: self._unless_changed(ref, before), _TRIES)
            made, exact = client.apply(stamped(obj, self.run, None), manager=self.manager).obj, True
        except ApiError as error:
            there = client.get(ref) if error.conflict else None
            if there is None or there["metadata"]["uid"] == old:
                raise rejected(ref, error) from error
            if run_of(there) != self.run:
                raise Transient(f"{ref} was created by somebody else while it was being made anew") from error
            made, exact = there, False  # the answer was lost
        return Applied(ref, made, True, changed_anew(before, made), anew=True, exact=exact)

    def _take_over(self, ref: Ref, current: Mapping[str, Any] | None, claim: Claim) -> dict[str, Any]:
        """Change field owners alone, under the same preconditions as the apply."""
        held = {key: (current or {})["metadata"][key] for key in ("uid", "resourceVersion")}
        change = {"metadata": {**held, "managedFields": claim.entries}}
        return self.client.patch(ref, change, manager=self.manager, safe=True)

    def _unless_changed(self, ref: Ref, before: dict[str, Any] | None) -> dict[str, Any]:
        """Return an object read again; a new status is no change, for anything else the caller starts anew.

        Nor is it a change when our own write went through and its answer did not: the annotation tells.
        """
        live = self.client.get(ref)
        if live is None:
            raise Transient(f"{ref} was deleted by somebody else after its snapshot was taken")
        if before is not None and live["metadata"]["uid"] != before["metadata"]["uid"]:
            raise Transient(f"{ref} was made anew by somebody else after its snapshot was taken")
        if self._went_through(live, before) or self._is_late_write(live, before):
            return live
        if before is None:
            raise Transient(f"{ref} was created by somebody else after its snapshot was taken")
        if content(live) != content(before):
            raise Transient(f"{ref} was changed by somebody else after its snapshot was taken")
        return live

    def _is_late_write(self, live: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
        """Return whether a run of the same target wrote it after the snapshot: the target is ours, so it came too late.

        It was sent before that run lost the target, and what it wrote is not what stood there: it is written over, and
        an object that it created counts as created by us.
        """
        other = run_of(live)
        return other is not None and other not in (self.run, run_of(before)) and self.same_target(other)

    def _went_through(self, live: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
        return run_of(live) == self.run != run_of(before)


_NEVER = "1"
"""A resourceVersion that no object has (etcd's first revision is older than any): with it an apply only creates."""


def stamped(obj: Mapping[str, Any], run: str, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what is applied: the object with the run's annotation, on condition that it is as it was read.

    For an existing object that includes its UID: an apply with a resourceVersion alone creates one that is gone
    (kube-apiserver 1.34). For an absent one it is a resourceVersion that never was: the apply then only creates.
    """
    metadata = dict(obj["metadata"])
    metadata["annotations"] = {**(metadata.get("annotations") or {}), RUN: run}
    held = before["metadata"] if before is not None else {"resourceVersion": _NEVER}
    metadata |= {key: held[key] for key in ("uid", "resourceVersion") if key in held}
    return {**obj, "metadata": metadata}


def conflicting(error: ApiError) -> list[tuple[str, str]]:
    """Return the fields that other managers own, each with the manager; empty when the conflict is another."""
    return conflicts(error)


def _only_the_mark(error: ApiError) -> bool:
    """Return whether all that others own is the run's annotation: each target that applies an object writes it."""
    return {field for field, _ in conflicting(error)} == {f"metadata.annotations.{RUN}"}


def rejected(ref: Ref, error: ApiError, remedy: str = "") -> Failed | Transient:
    """Return why the server rejected an object; `remedy` is what is known to help, if it rejects it for good."""
    if owners := conflicting(error):
        fields = "; ".join(f"{field} is owned by {manager}" for field, manager in owners)
        remedy = "leave those fields out of the manifest, or take them over with --force-conflicts"
        if targets := targets_among(manager for _, manager in owners):
            remedy += f"; {', '.join(targets)} deploys them too, and will meet the same conflict then"
        return Failed(f"{ref}: conflict with other field managers: {fields}", remedy=remedy)
    if error.transient:
        return Transient(f"{ref}: {error}", retry_after=error.retry_after)
    if fields := untyped_fields(error):
        return Failed(f"{ref}: {fields}", remedy=remedy or remedy_of(fields))
    return Failed(f"{ref}: {error}", remedy=remedy or remedy_for(ref, error) or None)
