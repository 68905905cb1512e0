"""RBAC of the sandbox: everything is allowed, except what a test denies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .kinds import Kind
from .status import StatusError


class Access:
    """The rights of the one user."""

    def __init__(self) -> None:
        self._denied: set[tuple[str, str, str]] = set()

    def deny(self, verb: str, resource: str, group: str = "") -> None:
        """Take a right away; `resource` is a plural, with its subresource when it has one (pods/log)."""
        self._denied.add((verb, group, resource))

    def allows(self, verb: str, group: str, resource: str) -> bool:
        """Return whether something is allowed."""
        return (verb, group, resource) not in self._denied

    def check(self, verb: str, kind: Kind, subresource: str, namespace: str) -> None:
        """Raise 403 when a request is not allowed."""
        resource = kind.plural + (f"/{subresource}" if subresource else "")
        if not self.allows(verb, kind.group, resource):
            where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
            text = f'User "sandbox" cannot {verb} resource "{resource}" in API group "{kind.group}"{where}'
            full = f"{resource}.{kind.group}" if kind.group else resource
            raise StatusError(403, "Forbidden", f"{full} is forbidden: {text}")

    def review(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a SelfSubjectAccessReview."""
        attributes = (body.get("spec") or {}).get("resourceAttributes") or {}
        sub = attributes.get("subresource")
        resource = attributes.get("resource", "") + (f"/{sub}" if sub else "")
        allowed = self.allows(attributes.get("verb", ""), attributes.get("group", ""), resource)
        return {**body, "metadata": {}, "status": {"allowed": allowed}}
