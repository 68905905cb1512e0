"""Fields that a run takes over before it applies, so that what its manifest does not list is removed.

A server-side apply removes only what its own manager owned before. So what others applied for good (kubectl without
`--server-side`, Helm, this target under its old name), and a default that the server forbids beside the new value, is
first made the run's own: a write that changes owners alone. Source: client-go's csaupgrade does the same for kubectl.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import fields as f
from . import tree as t
from .field_manager import BEFORE_FIRST_APPLY, OLD_MANAGER, manager_of, owns_old
from .fields import Fields, common, managed, minus, union
from .tree import Items, Map, Tree

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_KUBECTL = "kubectl-client-side-apply"

_STRATEGIES = {
    ("apps/v1", "Deployment"): ("strategy", "Recreate"),
    ("apps/v1", "StatefulSet"): ("updateStrategy", "OnDelete"),
}
"""Where the server forbids the `rollingUpdate` that it filled in itself (kube-apiserver 1.34)."""

Entry = dict[str, Any]


@dataclass(frozen=True)
class Claim:
    """What is taken over of one object."""

    entries: list[Entry]
    """Its managedFields afterwards."""
    taken: tuple[tuple[str, Fields], ...] = ()
    """The fields by the manager that they are taken from; "" stands for fields without an owner."""
    renamed: bool = False
    """Whether the target's own entry had the old name."""
    freed: str = ""
    """The field of `spec` of which a default is taken that the server forbids beside what the manifest says."""

    @property
    def fields(self) -> Fields:
        """Everything that is taken from others."""
        return union(*(fields for _, fields in self.taken))


def claim_of(
    before: Mapping[str, Any] | None, obj: Mapping[str, Any], manager: str, *, force: bool, own: bool
) -> Claim | None:
    """Return what a run takes over of an object; None when there is nothing.

    Args:
        before: the object as it is.
        obj: the object as it will be applied.
        manager: the field manager of the run's target.
        force: what kubectl and Helm own is taken too.
        own: what the old name of all targets owns is this target's.

    """
    if before is None:
        return None
    ours, others, renamed = _split(managed(before), manager, own)
    entry: Entry = ours or {
        "manager": manager, "operation": "Apply", "apiVersion": obj["apiVersion"], "fieldsType": "FieldsV1",
    }  # fmt: skip
    record = _last_applied(before) if force else {}
    freed, forbidden = _forbidden(before, obj)
    left, taken = [], []
    for other in others:
        gone = _claimed(other, record, force) if other["apiVersion"] == entry["apiVersion"] else {}
        gone = union(gone, common(other.get("fieldsV1") or {}, forbidden)) if force else gone
        if gone:
            taken.append((str(other["manager"]), gone))
        if rest := minus(other.get("fieldsV1") or {}, gone):
            left.append({**other, "fieldsV1": rest})
    if forbidden and (force or not _owners(others, forbidden)):
        taken.append(("", forbidden))
    else:
        freed = ""
    if not taken and not renamed:
        return None
    fields = union(entry.get("fieldsV1") or {}, *(fields for _, fields in taken))
    return Claim([{**entry, "fieldsV1": fields}, *left], tuple(taken), renamed, freed)


def claiming(
    target: str, target_of: Callable[[str], str | None], *, force: bool
) -> Callable[[Mapping[str, Any], Mapping[str, Any] | None], Claim | None]:
    """Return a function of an object and its live state that says what a run of `target` takes over of it."""

    def claim(obj: Mapping[str, Any], before: Mapping[str, Any] | None) -> Claim | None:
        own = owns_old(before, target, target_of)
        return claim_of(before, obj, manager_of(target), force=force, own=own)

    return claim


def _split(entries: list[Entry], manager: str, own: bool) -> tuple[Entry | None, list[Entry], bool]:
    """Return the target's own entry, under its new name; those of others; and whether it had the old name."""
    ours = next((e for e in entries if _applies(e, manager)), None)
    old = next((e for e in entries if _applies(e, OLD_MANAGER)), None) if own and manager != OLD_MANAGER else None
    if ours is not None or old is None:
        return ours, [e for e in entries if e is not ours], False
    return {**old, "manager": manager}, [e for e in entries if e is not old], True


def _applies(entry: Entry, manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")


def _claimed(entry: Entry, record: Fields, force: bool) -> Fields:
    name, fields = str(entry["manager"]), entry.get("fieldsV1") or {}
    if not force or entry.get("subresource"):
        return {}
    if name.lower() == "helm" or name == _KUBECTL:
        return dict(fields)
    if name == BEFORE_FIRST_APPLY or (name.startswith("kubectl") and entry["operation"] == "Update"):
        return common(fields, record)  # of what a person typed, only what kubectl had applied before
    return {}


def _last_applied(before: Mapping[str, Any]) -> Fields:
    """Return the fields that kubectl applied last, by its own annotation, and the annotation itself."""
    text = (before["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    try:
        manifest = json.loads(text or "{}")
    except ValueError:
        return {}
    marks = f.fields_of(before)
    fields = _paths(t.tree(f.content(manifest), marks)) if isinstance(manifest, dict) and manifest else {}
    return union(fields, {"f:metadata": {"f:annotations": {f"f:{LAST_APPLIED}": {}}}}) if text else {}


def _paths(node: Tree) -> Fields:
    if not isinstance(node, Map | Items):
        return {}
    own: Fields = {".": {}} if node else {}
    return {**own, **{key: _paths(below) for key, below in node.items()}}


def remedy_by_force(before: Mapping[str, Any] | None, obj: Mapping[str, Any], manager: str) -> str:
    """Return who owns the default that the server forbids beside what the manifest says; "" when that is not so."""
    field, forbidden = _forbidden(before, obj) if before is not None else ("", {})
    _, others, _ = _split(managed(before or {}), manager, own=True)
    owners = ", ".join(_owners(others, forbidden))
    return f"spec.{field}.rollingUpdate is owned by {owners}: take it over with --force-conflicts" if owners else ""


def _owners(entries: list[Entry], fields: Fields) -> list[str]:
    return [str(e["manager"]) for e in entries if common(e.get("fieldsV1") or {}, fields)]


def _forbidden(before: Mapping[str, Any], obj: Mapping[str, Any]) -> tuple[str, Fields]:
    """Return the default that the server forbids beside what the manifest says, and the field of `spec` it is in."""
    name, other = _STRATEGIES.get((obj["apiVersion"], obj["kind"]), ("", ""))
    wanted = (obj.get("spec") or {}).get(name) or {}
    there = ((before.get("spec") or {}).get(name) or {}).get("rollingUpdate")
    if wanted.get("type") != other or "rollingUpdate" in wanted or there is None:
        return "", {}
    return name, {"f:spec": {f"f:{name}": {"f:rollingUpdate": {".": {}, **{f"f:{key}": {} for key in there}}}}}
