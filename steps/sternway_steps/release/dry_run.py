"""What an object would be after a run's apply, also when the run takes fields over first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..objects import fields as f
from ..objects import tree as t
from ..objects.field_manager import OLD_MANAGER
from ..objects.fields import Fields, managed, minus, union
from ..objects.ref import Ref
from ..objects.take_over import Claim
from ..objects.tree import Items, Map, Tree

if TYPE_CHECKING:
    from ..kube.client import Client

_TRIES = 5


@dataclass(frozen=True)
class Foreseen:
    """The object as it would be, and which fields would be taken over from which manager."""

    obj: dict[str, Any]
    takes_over: tuple[tuple[str, tuple[str, ...]], ...] = ()


def foreseen(
    client: Client,
    obj: Mapping[str, Any],
    before: dict[str, Any] | None,
    claim: Claim | None,
    manager: str,
    *,
    force: bool,
) -> Foreseen:
    """Ask the server by a dry run; raises ApiError, UnknownKind.

    Two writes can't be asked for at once. So where fields are taken over first, a second dry run asks for an update
    that does what both would do together.
    """
    ours = OLD_MANAGER if claim and claim.renamed else manager
    freed = claim.freed if claim else ""
    spec = obj.get("spec") or {}
    sent = {**obj, "spec": {k: v for k, v in spec.items() if k != freed}} if freed else obj
    after = client.apply(sent, manager=ours, force=force, dry_run=True).obj
    if before is None:
        return Foreseen(after)
    taken = _taken(before, after, claim, ours)
    if claim is None or not claim.fields:
        return Foreseen(after, taken)
    others = (e.get("fieldsV1") or {} for e in claim.entries if (e["manager"], e["operation"]) != (manager, "Apply"))
    kept = union(f.fields_of(after, manager=ours), *others)
    marks = union(f.fields_of(before), f.fields_of(after))
    wanted = t.untree(_pruned(t.tree(f.content(after), marks), claim.fields, kept))
    if freed:
        wanted["spec"][freed] = spec[freed]
    return Foreseen(_updated(client, wanted, before, manager), taken)


def _updated(client: Client, wanted: dict[str, Any], before: dict[str, Any], manager: str) -> dict[str, Any]:
    """Return what an update would make of an object; asked again when its controller has written meanwhile."""
    live = before
    for left in reversed(range(_TRIES)):
        held = {"uid": before["metadata"]["uid"], "resourceVersion": live["metadata"]["resourceVersion"]}
        try:
            return client.replace({**wanted, "metadata": {**wanted["metadata"], **held}}, manager=manager, dry_run=True)
        except ApiError as error:
            if not error.conflict or not left:
                raise
        live = client.get(Ref.of(before)) or before
    raise AssertionError  # the last try returns or raises


def _pruned(node: Tree, gone: Fields, kept: Fields) -> Tree:
    """Return a tree without fields that nobody else keeps, as an apply does with what its manager no longer lists."""
    if not isinstance(node, Map | Items):
        return node
    out = type(node)(node)
    for key, below in gone.items():
        if key not in out:
            continue
        deeper = any(part != "." for part in below)
        if key not in kept and (key[0] in "kv" or not deeper):
            del out[key]
        elif deeper:
            out[key] = _pruned(out[key], below, kept.get(key) or {})
            if isinstance(out[key], Map | Items) and not out[key]:
                del out[key]
    return out


def _taken(
    before: Mapping[str, Any], after: Mapping[str, Any], claim: Claim | None, ours: str
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what others own and would lose: by force in the apply, or taken over before it."""
    lost: dict[str, Fields] = {name: fields for name, fields in (claim.taken if claim else ()) if name}
    for entry in managed(before):
        name = str(entry.get("manager"))
        if name != ours and entry.get("subresource") != "status":
            still = f.fields_of(after, manager=name)
            lost[name] = union(lost.get(name) or {}, minus(entry.get("fieldsV1") or {}, still))
    named = ((name, tuple(dict.fromkeys(t.name_of(path) for path in _leaves(fields)))) for name, fields in lost.items())
    return tuple((name, fields) for name, fields in named if fields)


def _leaves(fields: Fields, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    parts = [key for key in fields if key != "."]
    if not parts and path:
        yield path
    for key in parts:
        yield from _leaves(fields[key], (*path, key))
