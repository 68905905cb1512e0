"""In which order objects are applied, in waves; an undo walks the waves backwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# What others need comes first: a namespace before what is in it, a definition before its objects, what pods mount
# or run as before the pods, what sends traffic after what takes it. Webhooks last: they judge all later requests.
_WAVES: tuple[frozenset[str], ...] = (
    frozenset({"Namespace"}),
    frozenset({"CustomResourceDefinition"}),
    frozenset({
        "ClusterRole", "ClusterRoleBinding", "ConfigMap", "LimitRange", "NetworkPolicy", "PersistentVolume",
        "PersistentVolumeClaim", "PriorityClass", "ResourceQuota", "Role", "RoleBinding", "Secret", "Service",
        "ServiceAccount", "StorageClass",
    }),
    frozenset(),  # workloads, custom resources and every kind that is not named here
    frozenset({"APIService", "HorizontalPodAutoscaler", "Ingress", "PodDisruptionBudget"}),
    frozenset({
        "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    }),
)  # fmt: skip
_REST = 3


def wave_of(kind: str) -> int:
    """Give the number of the wave in which a kind is applied, 0 first."""
    return next((number for number, kinds in enumerate(_WAVES) if kind in kinds), _REST)


def waves(objects: Iterable[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """Sort objects into waves; within a wave their order is kept, and they do not depend on each other."""
    found: dict[int, list[dict[str, Any]]] = {}
    for obj in objects:
        found.setdefault(wave_of(obj["kind"]), []).append(dict(obj))
    return [found[number] for number in sorted(found)]
