"""What a Role grants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, order=True)
class Granted:
    """One verb on one resource in one place, as a Role grants it; `where` "" is the cluster."""

    where: str
    group: str
    resource: str
    verb: str

    @property
    def name(self) -> tuple[str, str, str]:
        """What it is called wherever it is granted."""
        return self.group, self.resource, self.verb


def less(obj: dict[str, Any], without: Granted | None) -> dict[str, Any]:
    """Give an object as it is without a right: a Role may lose it."""
    if without is None or "rules" not in obj or obj["metadata"].get("namespace", "") != without.where:
        return obj
    rules = []
    for rule in obj["rules"]:
        if without.group in rule["apiGroups"] and without.resource in rule["resources"]:
            rules.append({**rule, "resources": [r for r in rule["resources"] if r != without.resource]})
            verbs = [v for v in rule["verbs"] if v != without.verb]
            rules.append({**rule, "resources": [without.resource], "verbs": verbs})
        else:
            rules.append(rule)
    return {**obj, "rules": [rule for rule in rules if rule["resources"] and rule["verbs"]]}


def binding_of(role: dict[str, Any], namespace: str) -> dict[str, Any]:
    """Bind the account to a Role that comes without a binding."""
    group, _, _ = role["apiVersion"].partition("/")
    reference = {"apiGroup": group, "kind": role["kind"], "name": role["metadata"]["name"]}
    subject = {"kind": "ServiceAccount", "name": "sternway-web", "namespace": namespace}
    bare = {key: value for key, value in role.items() if key != "rules"}
    return {**bare, "kind": f"{role['kind']}Binding", "roleRef": reference, "subjects": [subject]}
