"""Changes that the server accepts, but does not let anybody revert: known before a run, and reported as such.

What the server refuses to change at all is not irreversible, but refused with a remedy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from .recreatable import HOLDS_DATA, may_be_recreated
from .ref import Ref

if TYPE_CHECKING:
    from ..kube.api_error import ApiError

Object = Mapping[str, Any]


@dataclass(frozen=True)
class IrreversibleChange:
    """A field whose change can't be reverted, and what the undo will not be able to do."""

    field: str
    why: str
    leaves: tuple[str, ...] = ()
    """The path that an undo has to leave as it is, so that the server accepts the rest; () when it accepts all."""

    def __str__(self) -> str:
        return f"one-way: {self.field}: {self.why}"


def irreversible_changes(before: Object | None, after: Object) -> tuple[IrreversibleChange, ...]:
    """Return what can't be reverted of a change from one state of an object to another; nothing for a new object."""
    api_version, kind = after["apiVersion"], after["kind"]
    look = _LOOKS.get((api_version.rpartition("/")[0], kind))
    return tuple(look(before, after)) if look and before is not None else ()


def leaving_irreversible(before: Object, live: Object, ways: Iterable[IrreversibleChange]) -> dict[str, Any]:
    """Return an object as it was before, except for what can't be reverted, which is as it is now."""
    wanted: dict[str, Any] = json.loads(json.dumps(before))
    for way in ways:
        *above, last = way.leaves
        there, now = wanted, live
        for name in above:
            there, now = there[name], now[name]
        there[last] = now[last]
    return wanted


def _claim(before: Object, after: Object) -> Iterator[IrreversibleChange]:
    sizes = [(obj["spec"].get("resources") or {}).get("requests", {}).get("storage") for obj in (before, after)]
    was, will = (quantity(size) for size in sizes)
    if was is not None and will is not None and will > was:
        why = f"a volume that has grown does not shrink: the undo leaves the claim at {sizes[1]}"
        yield IrreversibleChange("spec.resources.requests.storage", why, ("spec", "resources", "requests", "storage"))


def _definition(before: Object, after: Object) -> Iterator[IrreversibleChange]:
    versions = {version["name"] for version in before["spec"]["versions"]}
    new = [v["name"] for v in after["spec"]["versions"] if v.get("storage") and v["name"] not in versions]
    for name in new:
        why = (
            f"once {name} is stored, the server keeps it in the definition: the undo can't take the version out again "
        )
        why += f"before all objects are migrated and {name} is taken out of status.storedVersions"
        yield IrreversibleChange("status.storedVersions", why, ("spec", "versions"))


def _settings(before: Object, after: Object) -> Iterator[IrreversibleChange]:
    if after.get("immutable") and not before.get("immutable"):
        yield IrreversibleChange(
            "immutable", "it can't be changed back: the undo has to delete the object and make it anew"
        )


def _stateful(before: Object, after: Object) -> Iterator[IrreversibleChange]:
    policy = after["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    was, will = (obj["spec"].get("replicas", 1) for obj in (before, after))
    if policy.get("whenScaled") == "Delete" and will < was and after["spec"].get("volumeClaimTemplates"):
        why = f"with whenScaled: Delete the claims of {was - will} pods go, and the undo can't bring back their data"
        yield IrreversibleChange("spec.replicas", why)


_LOOKS: dict[tuple[str, str], Callable[[Any, Object], Iterator[IrreversibleChange]]] = {
    ("", "ConfigMap"): _settings,
    ("", "Secret"): _settings,
    ("", "PersistentVolumeClaim"): _claim,
    ("apps", "StatefulSet"): _stateful,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
}

_UNITS = {
    "": Decimal(1), "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** n for n, unit in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
    **{unit: Decimal(1024) ** n for n, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
}  # fmt: skip
_QUANTITY = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)")


def quantity(text: Any) -> Decimal | None:
    """Return a quantity such as 1Gi or 500m as a number; None for what is none (source: "Quantity", API reference)."""
    found = _QUANTITY.fullmatch(str(text))
    try:
        return Decimal(found[1]) * _UNITS[found[2]] if found else None
    except (InvalidOperation, KeyError):
        return None


def remedy_for(ref: Ref, error: ApiError) -> str:
    """Return what helps when the server refuses to change an immutable field; "" for other refusals."""
    if not error.immutable:
        return ""
    if (ref.group, ref.kind) in HOLDS_DATA:
        return "keep the field as it is, or give the object another name: deleting this one would lose what it holds"
    if may_be_recreated(ref):
        return (
            "keep the field as it is, give the object another name, or let the run make it anew, by `run --recreate` "
            "or `with: {recreate: true}` of the deploy step: its undo puts the old one back"
        )
    resource = f"{ref.kind.lower()}.{ref.group}" if ref.group else ref.kind.lower()
    place = f" --namespace {ref.namespace}" if ref.namespace else ""
    return (
        "keep the field as it is, give the object another name, or delete it first and run again: "
        f"kubectl delete {resource} {ref.name}{place}; "
        "the undo of that run would delete the new one, and not bring back the old one"
    )
