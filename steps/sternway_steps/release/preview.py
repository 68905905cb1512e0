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
from ..objects.fields import fields_of, managed
from ..objects.irreversible import irreversible_changes
from ..objects.kinds import defined
from ..objects.merge import ABSENT
from ..objects.ownership import with_owners
from ..objects.recreatable import creatable, may_be_recreated
from ..objects.ref import Ref
from ..objects.run_annotation import without_run
from ..objects.secret import hidden, is_secret
from ..objects.take_over import claim_of, remedy_by_force
from ..objects.tree import name_of, tree
from .apply import conflicting, rejected
from .basis import Basis, basis_of, differences
from .created_fields import leaves
from .dry_run import foreseen
from .replacing import replacement

if TYPE_CHECKING:
    from ..errors import SternwayError
    from ..kube.client import Client

_HIDDEN = "(hidden)"


@dataclass(frozen=True)
class Field:
    """A field that would change. A value that is not there is None with `had` or `has` False."""

    path: str
    old: Any
    new: Any
    had: bool
    has: bool


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
        return Preview(ref, "create", tuple(_created(obj, found.obj)), basis=basis_of(obj, None))
    fields = tuple(_fields(before, found.obj))
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
    fields = tuple(_fields(bare, found.after)) if found.after is not None else ()
    return Preview(ref, "recreate", fields, notes=found.notes, basis=basis_of(obj, before, found.after))


def _by_manager(fields: Iterable[tuple[str, str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    owned: dict[str, list[str]] = {}
    for path, manager in fields:
        owned.setdefault(manager, []).append(path)
    return tuple((manager, tuple(names)) for manager, names in owned.items())


def _created(obj: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[Field]:
    """Return what the manifest says of an object that is not there, without what the server adds to it."""
    secret = is_secret(obj)
    for path, value in leaves(tree(without_run(obj), fields_of(after))):
        yield Field(name_of(path), None, hidden(path, value, _HIDDEN) if secret else value, had=False, has=True)


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[Field]:
    secret = is_secret(before)
    for found in differences(before, after):
        both = (found.old, found.new)
        old, new = (hidden(found.path, v, _HIDDEN) if secret and v is not ABSENT else v for v in both)
        had, has = old is not ABSENT, new is not ABSENT
        yield Field(name_of(found.path), old if had else None, new if has else None, had, has)
