"""To which workload a pod belongs, from the pod alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_HASH = "pod-template-hash"
"""The label by which a Deployment names its ReplicaSets, NAME-HASH (pkg/controller/deployment/sync.go)."""


def owners_of(pod: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of the objects that a pod may have come from, the nearest first; of a bare one, itself."""
    metadata = pod["metadata"]
    owner = next((o for o in metadata.get("ownerReferences") or [] if o.get("controller")), None)
    if owner is None:
        yield "Pod", metadata["name"]
        return
    yield owner["kind"], owner["name"]
    suffix = f"-{(metadata.get('labels') or {}).get(_HASH)}"
    if owner["kind"] == "ReplicaSet" and owner["name"].endswith(suffix):
        yield "Deployment", owner["name"].removesuffix(suffix)
