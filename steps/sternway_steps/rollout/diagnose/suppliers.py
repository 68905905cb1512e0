"""Which objects may create a Secret or ConfigMap that does not exist yet.

Decided by names alone: an ExternalSecret, a SealedSecret, a Certificate and the like name what they write; a Job passes
the name to its program. An object that only reads it (a workload, a role) creates nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_READERS = frozenset({
    "apps", "policy", "rbac.authorization.k8s.io", "networking.k8s.io", "autoscaling", "storage.k8s.io",
    "admissionregistration.k8s.io", "coordination.k8s.io", "scheduling.k8s.io",
})  # fmt: skip
_MAKERS = ("Job", "CronJob", "Pod")
# Below these keys stands what a pod reads.
_READ = frozenset({"env", "envFrom", "volumes", "imagePullSecrets"})


def supplies(obj: Mapping[str, Any], kind: str, name: str) -> bool:
    """Return whether an object names a Secret or ConfigMap (`kind` in lower case) as something that it writes."""
    group = obj["apiVersion"].rpartition("/")[0] if "/" in obj["apiVersion"] else ""
    if group == "" and obj["kind"] not in _MAKERS:
        return bool(obj["kind"].lower() == kind and obj["metadata"]["name"] == name)
    if group in _READERS:
        return False
    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])")
    if obj["kind"] in _MAKERS and group in ("", "batch"):
        return any(word.search(text) for text in _texts(obj.get("spec"), _READ))
    # Most operators name what they write as the object itself, unless it says otherwise.
    return obj["metadata"]["name"] == name or any(text == name for text in _texts(obj.get("spec"), frozenset()))


def _texts(value: Any, without: frozenset[str]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, below in value.items():
            if key not in without:
                yield from _texts(below, without)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _texts(below, without)
