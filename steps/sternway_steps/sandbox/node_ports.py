"""The node ports of Services: drawn for a type that has them, and dropped with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .kinds import Kind

_WITH_PORTS = ("NodePort", "LoadBalancer")
RANGE = range(30000, 32768)
"""What node ports are drawn from (--service-node-port-range)."""

Protocol = tuple[Any, Any]
"""The protocol and the number of a port: what tells it from others."""


def default_policy(spec: dict[str, Any]) -> None:
    """Fill in the default of what only Services have that are reached from outside, in place."""
    if external(spec):
        spec.setdefault("externalTrafficPolicy", "Cluster")


def settle(kind: Kind, live: Mapping[str, Any] | None, obj: dict[str, Any], draw: Callable[[], int]) -> None:
    """Draw or drop the node ports of a Service, in place; nobody owns what is drawn. `draw()` gives a free one.

    A port keeps its number. With a type that has none, what was left as it was is dropped without a word.
    Source: patchAllocatedValues and dropTypeDependentFields in kube-apiserver 1.34.
    """
    if kind.key != ("", "Service"):
        return
    spec, before = obj["spec"], (live or {}).get("spec") or {}
    had = _numbers(before)
    if spec.get("type") in _WITH_PORTS:
        used = set(_numbers(spec).values())
        for port in spec.get("ports") or []:
            if not port.get("nodePort"):
                kept = had.get(_name(port))
                port["nodePort"] = kept if kept and kept not in used else draw()
                used.add(port["nodePort"])
    elif before.get("type") in _WITH_PORTS and _numbers(spec) == had:
        for port in spec.get("ports") or []:
            port.pop("nodePort", None)
    policy = spec.get("externalTrafficPolicy")
    if external(before) and not external(spec) and policy == before.get("externalTrafficPolicy"):
        spec.pop("externalTrafficPolicy", None)


def misplaced(spec: Mapping[str, Any]) -> list[str]:
    """Name the node ports that a Service's type does not have."""
    if spec.get("type") in _WITH_PORTS:
        return []
    ports = spec.get("ports") or []
    return [f"spec.ports[{number}].nodePort" for number, port in enumerate(ports) if port.get("nodePort")]


def external(spec: Mapping[str, Any]) -> bool:
    """Return whether a Service lets in traffic from outside, and so has a policy for it."""
    inside = spec.get("type", "ClusterIP") == "ClusterIP" and bool(spec.get("externalIPs"))
    return inside or spec.get("type") in _WITH_PORTS


def numbers_of(services: list[dict[str, Any]]) -> set[Any]:
    """Return the node ports of all Services."""
    return {number for service in services for number in _numbers(service.get("spec") or {}).values()}


def _numbers(spec: Mapping[str, Any]) -> dict[Protocol, Any]:
    return {_name(port): port["nodePort"] for port in spec.get("ports") or [] if port.get("nodePort")}


def _name(port: Mapping[str, Any]) -> Protocol:
    return port.get("protocol", "TCP"), port.get("port")
