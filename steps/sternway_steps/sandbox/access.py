"""RBAC of the sandbox: its user may do all that a test does not deny; one that it acts as, what Roles grant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .kinds import Kind
from .status import StatusError
from .store import Store

_RBAC = "rbac.authorization.k8s.io"
_REVIEWS = "authorization.k8s.io"
_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True)
class User:
    """Who sends a request: the sandbox's own user, or whom it acts as ("User impersonation", Kubernetes)."""

    name: str = ""
    groups: tuple[str, ...] = ()

    @staticmethod
    def acting_as(name: str, groups: list[str]) -> User:
        """Return whom a request's headers name; a service account is in the groups of all, and of its namespace."""
        if name.startswith(_ACCOUNT) and not groups:
            groups = ["system:serviceaccounts", f"system:serviceaccounts:{name.split(':')[2]}"]
        return User(name, (*groups, "system:authenticated") if name else ())

    def is_in(self, subjects: list[Mapping[str, Any]]) -> bool:
        """Tell whether a binding names it."""
        return any(self._is(subject) for subject in subjects)

    def _is(self, subject: Mapping[str, Any]) -> bool:
        if subject["kind"] == "Group":
            return subject["name"] in self.groups
        account = f"{_ACCOUNT}{subject.get('namespace', '')}:{subject['name']}"
        return self.name == (account if subject["kind"] == "ServiceAccount" else subject["name"])


class Access:
    """What users may do."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._denied: set[tuple[str, str, str]] = set()

    def deny(self, verb: str, resource: str, group: str = "") -> None:
        """Take a right away; `resource` is a plural, with its subresource when it has one (pods/log)."""
        self._denied.add((verb, group, resource))

    def allows(
        self, verb: str, group: str, resource: str, namespace: str = "", name: str = "", user: User = User()
    ) -> bool:
        """Return whether something is allowed."""
        if (verb, group, resource) in self._denied:
            return False
        wanted = (("verbs", verb), ("apiGroups", group), ("resources", resource))
        return not user.name or any(
            all({value, "*"} & set(rule.get(key) or ()) for key, value in wanted)
            and (not rule.get("resourceNames") or name in rule["resourceNames"])
            for rule in self._rules(user, namespace)
        )

    def check(
        self, verb: str, kind: Kind, subresource: str, namespace: str, name: str = "", user: User = User()
    ) -> None:
        """Raise 403 when a request is not allowed."""
        resource = kind.plural + (f"/{subresource}" if subresource else "")
        if not self.allows(verb, kind.group, resource, namespace, name, user):
            where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
            who = user.name or "sandbox"
            text = f'User "{who}" cannot {verb} resource "{resource}" in API group "{kind.group}"{where}'
            full = f"{resource}.{kind.group}" if kind.group else resource
            raise StatusError(403, "Forbidden", f"{full} is forbidden: {text}")

    def review(self, body: Mapping[str, Any], user: User = User()) -> dict[str, Any]:
        """Answer a SelfSubjectAccessReview."""
        asked = (body.get("spec") or {}).get("resourceAttributes") or {}
        sub = asked.get("subresource")
        resource = asked.get("resource", "") + (f"/{sub}" if sub else "")
        where = asked.get("namespace", ""), asked.get("name", "")
        allowed = self.allows(asked.get("verb", ""), asked.get("group", ""), resource, *where, user)
        return {**body, "metadata": {}, "status": {"allowed": allowed}}

    def review_of(self, body: Mapping[str, Any], path: str, user: User) -> dict[str, Any]:
        """Answer a SubjectAccessReview, or a LocalSubjectAccessReview, for who may create one."""
        *_, resource = path.split("/")
        _, local, place = path.partition("/namespaces/")
        namespace = place.partition("/")[0]
        if not self.allows("create", _REVIEWS, resource, namespace, user=user):
            where = f' in the namespace "{namespace}"' if local else " at the cluster scope"
            text = (
                f'User "{user.name or "sandbox"}" cannot create resource "{resource}" in API group "{_REVIEWS}"{where}'
            )
            raise StatusError(403, "Forbidden", f"{resource}.{_REVIEWS} is forbidden: {text}")
        spec = body["spec"]
        return self.review(body, User.acting_as(spec.get("user", ""), spec.get("groups") or []))

    def _rules(self, user: User, namespace: str) -> Iterator[Mapping[str, Any]]:
        """Yield the rules that bindings give a user: those of the cluster, and those of the namespace."""
        bindings = self._store.all((_RBAC, "ClusterRoleBinding"))
        bindings += self._store.all((_RBAC, "RoleBinding"), namespace) if namespace else []
        for binding in bindings:
            role = binding["roleRef"]
            home = namespace if role["kind"] == "Role" else ""
            found = self._store.get((_RBAC, role["kind"]), home, role["name"])
            if found is not None and user.is_in(binding.get("subjects") or []):
                yield from found.get("rules") or ()
