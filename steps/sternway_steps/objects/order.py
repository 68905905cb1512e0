"""The order in which objects are applied and undone: in waves, within which they do not depend on each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

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
SETTINGS = 2
"""The wave of what workloads read."""
JUDGES = 5
"""The wave of what judges later requests: webhooks and policies."""
DELETIONS = -1
"""The wave of objects that are deleted instead of being restored."""


def wave_of(kind: str) -> int:
    """Return the number of the wave in which a kind is applied, 0 first."""
    return next((number for number, kinds in enumerate(_WAVES) if kind in kinds), _REST)


def waves(objects: Iterable[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return objects in waves; within a wave their order is kept, and they do not depend on each other."""
    found: dict[int, list[dict[str, Any]]] = {}
    for obj in objects:
        found.setdefault(wave_of(obj["kind"]), []).append(dict(obj))
    return [found[number] for number in sorted(found)]


def undo_waves(
    undone: Iterable[T], kind_of: Callable[[T], str], created: Callable[[T], bool]
) -> list[tuple[int, list[T]]]:
    """Return what is undone in waves: first the deletion of what was created, then the rest by wave number.

    What was created is deleted in reverse order. What is restored comes in the order of an apply, for a pod that starts
    reads its settings as they are then. But webhooks and policies come first: they judge all later requests, and as
    they were before the run they admitted what was there before it.
    """
    found: dict[tuple[bool, int], list[T]] = {}
    for one in undone:
        found.setdefault((not created(one), wave_of(kind_of(one))), []).append(one)

    def place(key: tuple[bool, int]) -> tuple[bool, int]:
        back, wave = key
        return back, -wave if not back or wave == JUDGES else wave

    return [(key[1] if key[0] else DELETIONS, found[key]) for key in sorted(found, key=place)]
