"""A kind that is no longer served in the version that the journal names: found again in another one.

All versions of a kind show the same objects (source: "Versions in CustomResourceDefinitions" and "API versioning",
Kubernetes documentation). What the journal holds is used as it is: right for definitions without conversion, whose
versions differ in name alone. Where fields differ too, the undo finds others than those that it wrote, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.discovery import UnknownKind
from ..objects.merge import OnConflict
from ..objects.ref import Ref
from ..spec import Item

if TYPE_CHECKING:
    from ..kube.client import Client
    from .restore import Change


def at_served_version(client: Client, change: Change, policy: OnConflict) -> Change | Item:
    """Return the change as of a version that the server serves, or say what became of a kind that it serves no more."""
    version = served_version(client, change.ref)
    if version == change.ref.api_version:
        return change
    return _unserved(client, change, policy) if version is None else _taken_over(client, change, version)


def served_version(client: Client, ref: Ref) -> str | None:
    """Return the version under which an object is found now, its own one when it is served; None when none is."""
    for version in _candidates(client, ref):
        try:
            client.resource(version, ref.kind)
        except UnknownKind:
            continue
        return version
    return None


def _candidates(client: Client, ref: Ref) -> Iterator[str]:
    yield ref.api_version
    yield from client.versions(ref.group)


def _taken_over(client: Client, change: Change, version: str) -> Change:
    _, definition = _definition(client, change.ref)
    # Owners of fields in a version that the definition still knows stay as they are; others the server would drop.
    stays = any(
        f"{change.ref.group}/{v['name']}" == change.ref.api_version for v in (definition or {}).get("versions") or []
    )

    def at(obj: Mapping[str, Any]) -> dict[str, Any]:
        owners = obj["metadata"].get("managedFields")
        if stays or not owners:
            return {**obj, "apiVersion": version}
        moved = [{**e, "apiVersion": version} if e.get("apiVersion") == change.ref.api_version else e for e in owners]
        return {**obj, "apiVersion": version, "metadata": {**obj["metadata"], "managedFields": moved}}

    return replace(
        change,
        ref=replace(change.ref, api_version=version),
        before=at(change.before) if change.before is not None else None,
        applied=at(change.applied),
        after=at(change.after) if change.after is not None else None,
    )


def _unserved(client: Client, change: Change, policy: OnConflict) -> Item:
    """Return what is known of an object whose kind the server serves in no version."""
    ref, what = change.ref, str(change.ref)
    looked, definition = _definition(client, ref)
    if not looked or definition is not None:
        where = f"the server serves {ref.kind} in no version of {ref.group or 'its core group'} any more"
        state = "it is still stored" if definition is not None else "whether it is still stored can't be told"
        leaves = change.before is None or policy is OnConflict.MERGE
        return Item(what, "kept" if leaves else "failed", f"{where}: {state}, and it can't be read or changed")
    if change.before is None:
        return Item(what, "absent", "the definition of its kind is gone, and all objects of the kind with it")
    why = f"the definition of {ref.kind} was deleted by somebody else since, and all objects of the kind with it"
    result = {OnConflict.STOP: "conflict", OnConflict.MERGE: "absent", OnConflict.FORCE: "failed"}[policy]
    return Item(what, result, why)


def _definition(client: Client, ref: Ref) -> tuple[bool, Mapping[str, Any] | None]:
    """Look for the definition of a kind; returns whether that could be done, and its spec.

    Kubernetes' own kinds have none, so that none is no sign that their objects are gone.
    """
    if "." not in ref.group or ref.group.endswith(".k8s.io"):
        return False, None
    try:
        found = client.list("apiextensions.k8s.io/v1", "CustomResourceDefinition").items
    except ApiError as error:
        if error.transient:
            raise
        return False, None
    specs = (definition["spec"] for definition in found)
    return True, next((s for s in specs if (s["group"], s["names"]["kind"]) == (ref.group, ref.kind)), None)
