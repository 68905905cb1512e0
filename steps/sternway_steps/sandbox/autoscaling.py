"""The defaults of a HorizontalPodAutoscaler: one rule brings all of them."""

from __future__ import annotations

import copy
from typing import Any

_UP: dict[str, Any] = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_DOWN: dict[str, Any] = {
    "selectPolicy": "Max",
    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
}
_METRIC = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}


def default_scaling(spec: dict[str, Any]) -> None:
    """Fill in the defaults, in place; the rules of both directions where there is a `behavior`, and none without.

    Source: SetDefaults_HorizontalPodAutoscaler (autoscaling/v2) in kube-apiserver 1.34.
    """
    spec.setdefault("minReplicas", 1)
    spec["metrics"] = spec.get("metrics") or [copy.deepcopy(_METRIC)]
    behavior = spec.get("behavior")
    if isinstance(behavior, dict):
        for direction, rules in (("scaleUp", _UP), ("scaleDown", _DOWN)):
            behavior[direction] = {**copy.deepcopy(rules), **(behavior.get(direction) or {})}
