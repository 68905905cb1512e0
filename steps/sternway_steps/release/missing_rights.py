"""May we do what the steps will need? Asked of the server before anything is touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..kube.access_review import may
from ..kube.discovery import Resource, UnknownKind
from ..kube.parallel import run_parallel
from ..objects.kinds import defined
from ..objects.ref import Ref
from .rights import CLUSTER, Deployed, Right

if TYPE_CHECKING:
    from ..kube.client import Client


def missing_rights(client: Client, rights: Iterable[Right], account: Ref | None = None) -> list[str]:
    """Return what we may not do, as `patch deployments.apps in shop`; empty when all is allowed.

    With an `account`, a ServiceAccount, it is what that may not do. Raises ApiError (403) for who may not ask that.
    """
    listed = list(rights)
    answers = run_parallel(lambda right: _allowed(client, right, account), listed)
    return [_text(right) for right, allowed in zip(listed, answers, strict=True) if not allowed]


def deployed_kinds(client: Client, objects: Iterable[Mapping[str, Any]]) -> list[Deployed]:
    """Return the kinds of objects that have their namespace; one whose definition is among them need not be served."""
    wanted = list(objects)
    coming = defined(wanted)
    found: dict[Deployed, None] = {}
    for ref in (Ref.of(obj) for obj in wanted):
        names = coming.get((ref.group, ref.kind), {}).get("names", {})
        plural = str(names.get("plural") or "") or _plural(client, ref)
        found[Deployed(ref.api_version, ref.kind, plural, ref.namespace or CLUSTER)] = None
    return [kind for kind in found if kind.plural]


def _plural(client: Client, ref: Ref) -> str:
    try:
        return client.resource(ref.api_version, ref.kind).plural
    except UnknownKind:
        return ""  # said where the object itself is asked for


def _allowed(client: Client, right: Right, account: Ref | None) -> bool:
    plural, _, sub = right.resource.partition("/")
    version = f"{right.group}/v1" if right.group else "v1"
    resource = Resource(version, "", plural, True, ())
    if account is not None:
        return may(client, account, right.verb, resource, right.where or None, sub)
    return client.can_i(right.verb, resource, right.where or None, sub)


def _text(right: Right) -> str:
    plural, _, sub = right.resource.partition("/")
    name = f"{plural}.{right.group}" if right.group else plural
    return f"{right.verb} {name}{'/' + sub if sub else ''}" + (f" in {right.where}" if right.where else "")
