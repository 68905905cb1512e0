"""The identity of an object: its name and namespace, its UID, and the version that a writer saw."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .kinds import Kind
from .status import Cause, StatusError, invalid
from .store import Store

_IDENTITY = (
    "name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds",
)  # fmt: skip


_TEMPLATES = "deprecated.daemonset.template.generation"


def now() -> str:
    """Return this second as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def not_found(kind: Kind, name: str) -> StatusError:
    """Return the error 404 for an object."""
    return StatusError(404, "NotFound", f'{kind.full_name} "{name}" not found', **_details(kind, name))


def exists(kind: Kind, name: str) -> StatusError:
    """Return the error 409 for a name that is taken."""
    return StatusError(409, "AlreadyExists", f'{kind.full_name} "{name}" already exists', **_details(kind, name))


def conflict(kind: Kind, name: str, text: str) -> StatusError:
    """Return the error 409 for a precondition that does not hold."""
    message = f'Operation cannot be fulfilled on {kind.full_name} "{name}": {text}'
    return StatusError(409, "Conflict", message, **_details(kind, name))


def assign_namespace(store: Store, kind: Kind, namespace: str, obj: dict[str, Any]) -> None:
    """Put a new object into its namespace; raise 400, 403 or 404 when it can't be there."""
    if not kind.namespaced:
        return
    metadata = obj["metadata"]
    if metadata.get("namespace") not in (None, "", namespace):
        text = "the namespace of the provided object does not match the namespace sent on the request"
        raise StatusError(400, "BadRequest", text)
    metadata["namespace"] = namespace
    home = store.get(("", "Namespace"), "", namespace)
    if home is None:
        raise StatusError(404, "NotFound", f'namespaces "{namespace}" not found', name=namespace, kind="namespaces")
    if home["metadata"].get("deletionTimestamp"):
        text = f"unable to create new content in namespace {namespace} because it is being terminated"
        raise StatusError(403, "Forbidden", f'{kind.full_name} "{metadata.get("name", "")}" is forbidden: {text}')


def assign_identity(kind: Kind, obj: dict[str, Any]) -> None:
    """Set a new object's UID, creation time and generation."""
    obj["apiVersion"], obj["kind"] = kind.api_version, kind.kind
    obj["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": now()}
    # Of the core group, only this one counts its changes.
    if "spec" in obj and (kind.group or kind.kind == "ReplicationController"):
        obj["metadata"]["generation"] = 1
    if kind.kind == "DaemonSet":
        obj["metadata"].setdefault("annotations", {}).setdefault(_TEMPLATES, "1")


def count_templates(kind: Kind, live: Mapping[str, Any], obj: dict[str, Any]) -> None:
    """Count the changes of a DaemonSet's template in its annotation; the server's count overrides what was sent."""
    if kind.kind != "DaemonSet":
        return
    count = int((live["metadata"].get("annotations") or {}).get(_TEMPLATES, 1))
    count += live["spec"]["template"] != obj["spec"]["template"]
    notes = obj["metadata"].get("annotations") or {}
    obj["metadata"]["annotations"] = {**notes, _TEMPLATES: str(count)}


def check_name(metadata: Mapping[str, Any], name: str) -> None:
    """Raise 400 when an object's name differs from the request's."""
    if metadata.get("name", name) != name:
        text = f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
        raise StatusError(400, "BadRequest", text)


def check_preconditions(kind: Kind, live: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    """Raise 409 when a writer means another object, or an older version of it."""
    name, uid = live["metadata"]["name"], live["metadata"]["uid"]
    if metadata.get("uid") not in (None, "", uid):
        text = f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {uid}"
        raise conflict(kind, name, text)
    if metadata.get("resourceVersion") not in (None, "", live["metadata"]["resourceVersion"]):
        text = "the object has been modified; please apply your changes to the latest version and try again"
        raise conflict(kind, name, text)


def check_apply_preconditions(kind: Kind, live: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    """Raise when an apply's preconditions do not hold; another UID counts as a changed field, not a conflict."""
    check_preconditions(kind, live, {**metadata, "uid": None})
    name, uid = live["metadata"]["name"], live["metadata"]["uid"]
    if metadata.get("uid") not in (None, "", uid):
        cause = Cause("FieldValueInvalid", f'Invalid value: "{metadata["uid"]}": field is immutable', "metadata.uid")
        raise invalid(kind.kind, kind.group, name, cause)


def keep_identity(live: Mapping[str, Any], obj: dict[str, Any]) -> None:
    """Keep the identity of a changed object."""
    for field in _IDENTITY:
        if field in live["metadata"]:
            obj["metadata"][field] = live["metadata"][field]
        else:
            obj["metadata"].pop(field, None)


def _details(kind: Kind, name: str) -> dict[str, Any]:
    return {"name": name, "group": kind.group, "kind": kind.plural}
