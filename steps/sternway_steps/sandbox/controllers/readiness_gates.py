"""Readiness gates: conditions that something outside of the pod has to set before it is ready."""

from __future__ import annotations

from .world import Obj

_KUBELETS = ("Initialized", "Ready", "ContainersReady", "PodScheduled")


def others(pod: Obj) -> list[Obj]:
    """Return the conditions of a pod that are not the kubelet's, which keeps them."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return [c for c in conditions if c["type"] not in _KUBELETS]


def unmet(pod: Obj) -> str:
    """Return the kubelet's message about gates that are not met, or ""."""
    found = {c["type"]: c["status"] for c in others(pod)}
    texts = []
    for gate in pod["spec"].get("readinessGates") or []:
        kind = gate["conditionType"]
        if kind not in found:
            texts.append(f'corresponding condition of pod readiness gate "{kind}" does not exist.')
        elif found[kind] != "True":
            texts.append(f'the status of pod readiness gate "{kind}" is not "True", but {found[kind]}')
    return ", ".join(texts)
