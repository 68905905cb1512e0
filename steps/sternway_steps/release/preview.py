"""What an apply would change, asked of the server as a dry run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import Failed
from ..kube.api_error import ApiError
from ..kube.discovery import UnknownKind
from ..kube.parallel import run_parallel
from ..objects.field_manager import manager_of, owns_old, shared, shared_with
from ..objects.fields import managed
from ..objects.irreversible import irreversible_changes
from ..objects.kinds import defined
from ..objects.ownership import with_owners
from ..objects.recreatable import creatable, may_be_recreated
from ..objects.ref import Ref
from ..objects.take_over import claim_of, remedy_by_force
from .apply import conflicting, rejected
from .basis import Basis, basis_of
from .dry_run import foreseen
from .replacing import replacement
from .shown_fields import Field, of_changed, of_created

if TYPE_CHECKING:
    from ..errors import SternwayError
    from ..kube.client import Client


@dataclass(frozen=True)
class Preview:
    """One object.

    `result`: create, change, recreate (deleted and made anew), unchanged, unknown (can't be asked before the run) or
    rejected.
    """

    ref: Ref
    result: str
    fields: tuple[Field, ...] = ()
    why: str = ""
    error: SternwayError | None = None
    takes_over: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Field managers, each with the fields that they own now and would lose."""
    conflicts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Field managers, each with the fields for which the object is rejected as long as nothing is taken over."""
    notes: tuple[str, ...] = ()
    """What is no reason against the run, and has to be known before."""
    basis: Basis | None = field(default=None, repr=False)
    """What it was made of, by which a later look tells whether anything has moved; None when it was rejected."""


@dataclass(frozen=True)
class Asking:
    """For whom it is asked."""

    client: Client
    target: str
    target_of: Callable[[str], str | None]
    """Returns the target of another run, when it is known."""
    force: bool
    recreate: frozenset[Ref] = frozenset()
    """What may be made anew where it can't be changed."""


def preview(asking: Asking, objects: Iterable[Mapping[str, Any]]) -> list[Preview]:
    """Ask for each object: two requests each, three where fields are taken over."""
    wanted = list(objects)
    coming = set(defined(wanted))
    namespaces = {obj["metadata"]["name"] for obj in wanted if obj["kind"] == "Namespace"}

    def one(obj: Mapping[str, Any]) -> Preview:
        return _preview(asking, obj, coming, namespaces)

    return run_parallel(one, wanted)


def _preview(asking: Asking, obj: Mapping[str, Any], coming: set[tuple[str, str]], namespaces: set[str]) -> Preview:
    ref, before = Ref.of(obj), None
    try:
        before = asking.client.get(ref)
        own = owns_old(before, asking.target, asking.target_of)
        claim = claim_of(before, obj, manager_of(asking.target), force=asking.force, own=own)
        found = foreseen(asking.client, obj, before, claim, manager_of(asking.target), force=asking.force)
    except UnknownKind:
        if (ref.group, ref.kind) not in coming:
            raise
        return Preview(ref, "unknown", why="its definition is part of this run", basis=basis_of(obj, None))
    except ApiError as error:
        if error.not_found and ref.namespace in namespaces:
            return Preview(ref, "unknown", why="its namespace is part of this run", basis=basis_of(obj, None))
        if before is not None and error.immutable and ref in asking.recreate and may_be_recreated(ref):
            return _anew(asking, obj, before)
        remedy = remedy_by_force(before, obj, manager_of(asking.target))
        bad = rejected(ref, error, remedy)
        return Preview(ref, "rejected", why=str(error), error=bad, conflicts=_by_manager(conflicting(error)))
    if before is None:
        return Preview(ref, "create", tuple(of_created(obj, found.obj)), basis=basis_of(obj, None))
    fields = tuple(of_changed(before, found.obj))
    notes = (
        *(shared(name) for name in shared_with(before, asking.target, own=own)),
        *map(str, irreversible_changes(before, found.obj)),
    )
    result, basis = "change" if fields else "unchanged", basis_of(obj, before, found.obj)
    return Preview(ref, result, fields, takes_over=found.takes_over, notes=notes, basis=basis)


def _anew(asking: Asking, obj: Mapping[str, Any], before: Mapping[str, Any]) -> Preview:
    ref = Ref.of(obj)
    try:
        found = replacement(asking.client, obj, before, manager_of(asking.target))
    except Failed as bad:
        return Preview(ref, "rejected", why=bad.message, error=bad)
    bare = with_owners(creatable(before), managed(before))
    fields = tuple(of_changed(bare, found.after)) if found.after is not None else ()
    return Preview(ref, "recreate", fields, notes=found.notes, basis=basis_of(obj, before, found.after))


def _by_manager(fields: Iterable[tuple[str, str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    owned: dict[str, list[str]] = {}
    for path, manager in fields:
        owned.setdefault(manager, []).append(path)
    return tuple((manager, tuple(names)) for manager, names in owned.items())
