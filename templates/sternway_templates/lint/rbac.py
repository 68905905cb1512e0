"""Rules about the rights of the account that a workflow's pods run with, as far as the input binds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sternway_steps.yamltree.document import Node

from .findings import Flaw
from .model import Workflow
from .nodes import child, items, key_location, text, word

_RISKY_VERBS = ("escalate", "bind", "impersonate")
_NEEDED = ("create", "patch")
_ADMIN = "cluster-admin"


@dataclass(frozen=True)
class Grant:
    """A binding of the account, with its role if that is in the input."""

    binding: Node
    role: Node | None

    @property
    def everywhere(self) -> bool:
        """Whether it holds in the whole cluster."""
        return word(self.binding, "kind") == "ClusterRoleBinding"


def too_small(workflow: Workflow) -> Iterator[Flaw]:
    """Find accounts that the input binds, but whose pods can't report to Argo."""
    account = word(workflow.spec, "executor", "serviceAccountName") or _account(workflow)
    grants = list(_grants(workflow, account))
    roles = [grant.role for grant in grants]
    if not any(_belongs(grant.binding, account, workflow) for grant in grants) or any(
        role is None or child(role, "aggregationRule") is not None for role in roles
    ):
        return  # a role that is not here may hold the right
    missing = [verb for verb in _NEEDED if not any(_allows(rule, verb) for role in roles for rule in _rules(role))]
    if missing and roles[0] is not None:
        message = f"{account} may not {' and '.join(missing)} workflowtaskresults, so no step can report how it ended"
        remedy = "add apiGroups [argoproj.io], resources [workflowtaskresults], verbs [create, patch]"
        yield Flaw(key_location(roles[0], "rules"), message, remedy)


def _belongs(binding: Node, account: str, workflow: Workflow) -> bool:
    """Return whether the input seems to hold all of the account's bindings, and not one application's share."""
    made_here = any(
        word(node, "kind") == "ServiceAccount" and word(node, "metadata", "name") == account for node in workflow.others
    )
    return made_here or binding.location.source == workflow.node.location.source


def too_wide(workflow: Workflow) -> Iterator[Flaw]:
    """Find rights of the account that make its pods administrators of the cluster."""
    account = _account(workflow)
    for grant in _grants(workflow, account):
        if word(grant.binding, "roleRef", "name") == _ADMIN:
            message = f"{account} is bound to {_ADMIN}"
            yield Flaw(
                key_location(grant.binding, "roleRef"), message, "bind a Role with the rights that its steps need"
            )
        for rule in _rules(grant.role):
            yield from _wide(rule, account, everywhere=grant.everywhere)


def _wide(rule: Node, account: str, *, everywhere: bool) -> Iterator[Flaw]:
    remedy = "name the groups, resources and verbs that its steps need"
    if not everywhere and {text(node) for node in items(child(rule, "verbs"))} == {"list"}:
        return  # who may see what is in a namespace changes nothing; `get` of all kinds would be pods/exec as well
    for key in ("apiGroups", "resources", "verbs"):
        for node in items(child(rule, key)):
            if text(node) == "*":
                yield Flaw(node, f"{account} has every one of {key}", remedy)
            elif key == "verbs" and text(node) in _RISKY_VERBS:
                yield Flaw(node, f"{account} may {text(node)}, and so give itself any right", remedy)
            elif (
                key == "resources"
                and text(node) == "secrets"
                and everywhere
                and not items(child(rule, "resourceNames"))
            ):
                yield Flaw(node, f"{account} reaches the secrets of every namespace", "grant secrets by a RoleBinding")


def _allows(rule: Node, verb: str) -> bool:
    has = {key: {text(node) for node in items(child(rule, key))} for key in ("apiGroups", "resources", "verbs")}
    return (
        bool(has["apiGroups"] & {"argoproj.io", "*"})
        and bool(has["resources"] & {"workflowtaskresults", "*"})
        and bool(has["verbs"] & {verb, "*"})
    )


def _account(workflow: Workflow) -> str:
    return word(workflow.spec, "serviceAccountName")


def _rules(role: Node | None) -> list[Node]:
    return items(child(role, "rules"))


def _grants(workflow: Workflow, account: str) -> Iterator[Grant]:
    for binding in workflow.others:
        if (
            account
            and word(binding, "kind") in ("RoleBinding", "ClusterRoleBinding")
            and _binds(binding, account, workflow)
        ):
            name, kind = word(binding, "roleRef", "name"), word(binding, "roleRef", "kind")
            home = word(binding, "metadata", "namespace") if kind == "Role" else ""
            roles = [
                role
                for role in workflow.others
                if word(role, "kind") == kind
                and word(role, "metadata", "name") == name
                and (not home or word(role, "metadata", "namespace") in ("", home))
            ]
            yield Grant(binding, roles[0] if roles else None)


def _binds(binding: Node, account: str, workflow: Workflow) -> bool:
    home = word(binding, "metadata", "namespace")
    return any(
        word(subject, "kind") == "ServiceAccount"
        and word(subject, "name") == account
        and (not workflow.namespace or (word(subject, "namespace") or home) in ("", workflow.namespace))
        for subject in items(child(binding, "subjects"))
    )
