"""Fields that can't be changed, of kinds that hold data or grant rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .kinds import Kind
from .quantities import number
from .status import Cause

_ROLE_BINDINGS = ("ClusterRoleBinding", "RoleBinding")


def immutable_changes(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield a cause for each immutable field that changes, in the real server's words."""
    if kind.kind in _ROLE_BINDINGS and old.get("roleRef") != new.get("roleRef"):
        yield Cause("FieldValueInvalid", f"Invalid value: {new.get('roleRef')}: cannot change roleRef", "roleRef")
    if kind.kind == "Secret" and old.get("type") != new.get("type"):
        yield Cause("FieldValueInvalid", f'Invalid value: "{new.get("type")}": field is immutable', "type")
    if kind.kind == "PersistentVolumeClaim" and old.get("spec") != new.get("spec"):
        yield from _claim(old, new)
    if kind.kind == "CustomResourceDefinition":
        yield from _definition(new)


def _definition(new: Mapping[str, Any]) -> Iterator[Cause]:
    named = {version["name"] for version in new["spec"]["versions"]}
    for index, stored in enumerate((new.get("status") or {}).get("storedVersions") or []):
        if stored not in named:
            text = f'Invalid value: "{stored}": missing from spec.versions; {stored} was previously a storage version, and '
            text += "must remain in spec.versions until a storage migration ensures no data remains persisted in "
            text += f"{stored} and removes {stored} from status.storedVersions"
            yield Cause("FieldValueInvalid", text, f"status.storedVersions[{index}]")


def _claim(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    before, after, status = old.get("spec") or {}, new.get("spec") or {}, old.get("status") or {}
    bound = status.get("phase") == "Bound"
    free = {"resources", "volumeAttributesClassName", "volumeName"} if bound else {"volumeName"}
    if any(before.get(k) != after.get(k) for k in (before.keys() | after.keys()) - free):
        text = "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName"
        yield Cause("FieldValueForbidden", f"{text} for bound claims", "spec")
    was, will, there = _size(before), _size(after), ((status.get("capacity") or {}).get("storage"))
    if was and will and there and number(will) < number(was) and number(will) <= number(there):
        text = "Forbidden: field can not be less than status.capacity"
        yield Cause("FieldValueForbidden", text, "spec.resources.requests.storage")


def _size(spec: Mapping[str, Any]) -> Any:
    return ((spec.get("resources") or {}).get("requests") or {}).get("storage")
