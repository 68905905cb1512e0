"""What a new Service asks for and another one has: its address, its node ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .kinds import Kind
from .node_ports import numbers_of
from .status import Cause, invalid


def check_free(kind: Kind, obj: Mapping[str, Any], services: Iterable[dict[str, Any]]) -> None:
    """Raise 422 when a new Service asks for what is taken; the words are kube-apiserver's (1.34)."""
    if kind.key != ("", "Service"):
        return
    name = (obj["metadata"].get("namespace"), obj["metadata"]["name"])
    others = [one for one in services if (one["metadata"].get("namespace"), one["metadata"]["name"]) != name]
    if causes := list(_taken(obj.get("spec") or {}, others)):
        raise invalid(kind.kind, kind.group, name[1], *causes)


def _taken(spec: Mapping[str, Any], others: list[dict[str, Any]]) -> Iterator[Cause]:
    address = spec.get("clusterIP")
    if address not in (None, "", "None") and any(one["spec"].get("clusterIP") == address for one in others):
        text = f'Invalid value: ["{address}"]: failed to allocate IP {address}: provided IP is already allocated'
        yield Cause("FieldValueInvalid", text, "spec.clusterIPs")
    used = numbers_of(others)
    for number, port in enumerate(spec.get("ports") or []):
        if port.get("nodePort") in used:
            text = f"Invalid value: {port['nodePort']}: provided port is already allocated"
            yield Cause("FieldValueInvalid", text, f"spec.ports[{number}].nodePort")
