"""What a run may make anew because the server does not let it be changed, where it is asked to (`recreate`).

Decided before the first change by a dry run; deleted is only what was read before, by its UID and as it was read, and
only when the server would take the new one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import Failed
from ..kube.api_error import ApiError
from ..kube.discovery import UnknownKind
from ..kube.parallel import run_parallel
from ..kube.wait import DELETED_WITHIN, wait_until_deleted
from ..objects.recreatable import (
    creatable,
    has_run,
    held_back,
    leaves_its_pods,
    may_be_recreated,
    propagation,
)
from ..objects.ref import Ref
from .dependents import dependents
from .dry_run import foreseen
from .recreate import refusal

if TYPE_CHECKING:
    from ..kube.client import Client
    from ..objects.take_over import Claim


@dataclass(frozen=True)
class Replacement:
    """How one object is made anew: what it would be (None: that can't be asked), and what has to be known before."""

    after: dict[str, Any] | None
    notes: tuple[str, ...]


def replacement(client: Client, obj: Mapping[str, Any], before: Mapping[str, Any], manager: str) -> Replacement:
    """Ask whether an object, whose kind may be made anew, may; raises Failed when not, ApiError."""
    ref = Ref.of(before)
    if why := _forbidden(client, ref, obj, before):
        raise Failed(f"{ref} can't be changed, and is not made anew: {why}", remedy="give it another name")
    if refused := refusal(client, obj, manager):
        raise Failed(f"{ref} can't be changed, nor be made anew: {refused.message}")
    notes = ["made anew: the old one is deleted first"]
    if has_run(before):
        notes.append("one-way: it has run, and an undo runs the old one again only with `rollback --recreate`")
    if leaves_its_pods(before, obj):
        notes.append("its selector is another: all its pods go before the new ones come")
    return Replacement(_as_new(client, obj, manager), tuple(notes))


def to_replace(
    client: Client,
    objects: Iterable[Mapping[str, Any]],
    before: Mapping[Ref, dict[str, Any] | None],
    claims: Mapping[Ref, Claim | None],
    manager: str,
    *,
    force: bool,
) -> frozenset[Ref]:
    """Return which objects have to be made anew, by a dry run of each that may be; raises Failed, ApiError."""

    def one(obj: Mapping[str, Any]) -> Ref | None:
        ref = Ref.of(obj)
        there = before[ref]
        if there is None or not may_be_recreated(ref):
            return None
        try:
            foreseen(client, obj, there, claims[ref], manager, force=force)
        except UnknownKind:
            return None
        except ApiError as error:
            if not error.immutable:
                return None  # the apply meets it too, and says so
            replacement(client, obj, there, manager)
            return ref
        return None

    return frozenset(ref for ref in run_parallel(one, list(objects)) if ref is not None)


def delete_to_replace(
    client: Client,
    obj: Mapping[str, Any],
    before: Mapping[str, Any],
    again: Callable[[], Mapping[str, Any]],
    tries: int,
) -> None:
    """Delete what is made anew, as it was read; `again` reads it when it was changed, and raises when that matters."""
    ref, held, old = Ref.of(before), before["metadata"], before["metadata"]["uid"]
    for left in reversed(range(tries)):
        try:
            client.delete(ref, uid=old, version=held["resourceVersion"], propagation=propagation(before, obj))
            break
        except ApiError as error:
            if not error.conflict or not left:
                raise
            held = again()["metadata"]
    if (there := wait_until_deleted(client, ref, old)) is not None:
        holds = ", ".join(there["metadata"].get("finalizers") or []) or "nothing that is known"
        raise Failed(f"{ref} is still being deleted after {DELETED_WITHIN:.0f} s; finalizers: {holds}")


def _forbidden(client: Client, ref: Ref, obj: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    if why := held_back(before):
        return why
    if before["kind"] == "StatefulSet" and leaves_its_pods(before, obj):
        return "with another selector it would lose all its pods at once"
    if propagation(before, obj) == "Foreground" and (others := dependents(client, ref, before["metadata"]["uid"])):
        return f"it owns {', '.join(others[:5])}"
    return ""


def _as_new(client: Client, obj: Mapping[str, Any], manager: str) -> dict[str, Any] | None:
    """Return what the server would make of it, under another name, for its own is taken."""
    metadata = obj["metadata"]
    other = {**obj, "metadata": {**metadata, "name": f"{metadata['name'][:40]}-{uuid.uuid4().hex[:8]}"}}
    try:
        made = client.apply(other, manager=manager, dry_run=True).obj
    except ApiError as error:
        if error.transient:
            raise
        return None
    bare = creatable(made)
    owners = made["metadata"].get("managedFields") or []
    return {**bare, "metadata": {**bare["metadata"], "name": metadata["name"], "managedFields": owners}}
