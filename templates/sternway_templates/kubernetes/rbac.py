"""The rights of the steps' pods: what the steps declare for the kinds that the config deploys, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sternway_steps.config import Config
from sternway_steps.release.rights import JOURNAL_RULES, applies, everywhere, of_config
from sternway_steps.saga.plan import Plan
from sternway_steps.step import Rule

# What Argo's executor in each pod reports through (Argo, "Workflow RBAC"), and the report's Event.
ARGO_RULES = (Rule("argoproj.io", ("workflowtaskresults",), ("create", "patch")),)
REPORT_RULES = (Rule("", ("events",), ("create",)),)
ON_ARGO = (*ARGO_RULES, *REPORT_RULES)

_CLUSTER_SCOPED = frozenset(
    (
        "APIService", "CSIDriver", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
        "CustomResourceDefinition", "IngressClass", "MutatingWebhookConfiguration", "Namespace", "Node",
        "PersistentVolume", "PriorityClass", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
    )
)  # fmt: skip
Rights = dict[tuple[str, str], set[str]]
"""Verbs by API group and resource."""
_Kind = tuple[str, str, str, str | None]
"""Kind, API group, resource, and the namespace; "" for what has none."""


def plural_of(kind: str) -> str:
    """Name a kind's resource as apimachinery does without discovery (meta.UnsafeGuessKindToResource)."""
    name = kind.lower()
    if name == "endpoints":
        return name
    if name.endswith("s"):
        return f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def rbac(
    config: Config, plan: Plan, namespace: str | None, account: str, own: Iterable[Rule] = ON_ARGO
) -> list[dict[str, Any]]:
    """Give the ServiceAccount, and a Role and its binding for each namespace; cluster-wide ones where needed.

    `own` is what the pods need beyond their steps.
    """
    rights = rights_of(config, plan, namespace, own)
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(account, namespace, config)}
    ]
    subject = {"kind": "ServiceAccount", "name": account, **({"namespace": namespace} if namespace else {})}
    for place in sorted(rights, key=lambda p: (p != namespace, p or "")):
        wide = place == ""
        kind = "ClusterRole" if wide else "Role"
        # A cluster has one name space for these, so the target's namespace is part of the name.
        name = f"{account}.{namespace}" if wide and namespace else account
        metadata = _metadata(name, None if wide else place, config)
        api = "rbac.authorization.k8s.io"
        objects.append({"apiVersion": f"{api}/v1", "kind": kind, "metadata": metadata, "rules": _rules(rights[place])})
        objects.append(
            {
                "apiVersion": f"{api}/v1",
                "kind": f"{kind}Binding",
                "metadata": metadata,
                "roleRef": {"apiGroup": api, "kind": kind, "name": name},
                "subjects": [subject],
            }
        )
    return objects


def rights_of(
    config: Config, plan: Plan, namespace: str | None, own: Iterable[Rule] = ON_ARGO
) -> dict[str | None, Rights]:
    """Give the rights by namespace; "" stands for what is not namespaced."""
    found: dict[str | None, Rights] = {}

    def grant(place: str | None, group: str, resource: str, verbs: Iterable[str]) -> None:
        found.setdefault(place, {}).setdefault((group, resource), set()).update(verbs)

    kinds = _kinds(config, namespace)
    rules = [r for step in plan.steps for r in (*step.spec.execute_rules, *step.spec.rollback_rules)]
    rules += of_config(config)
    for rule in rules:
        for place, group, resource in _wanted(rule, kinds, namespace):
            grant(place, group, resource, rule.verbs)
    journal = config.journal.namespace or namespace
    for home, always in ((namespace, own), (journal, JOURNAL_RULES if config.journal.store == "cluster" else ())):
        for rule in always:
            for resource in rule.resources:
                grant(home, rule.api_group, resource, rule.verbs)
    return found


def _wanted(rule: Rule, kinds: Iterable[_Kind], namespace: str | None) -> Iterator[tuple[str | None, str, str]]:
    """Give where a rule is needed: namespace, API group and resource."""
    if everywhere(rule):
        yield from ((namespace, rule.api_group, resource) for resource in rule.resources)
    for kind, group, plural, place in kinds:
        if not applies(rule, f"{group}/v1" if group else "v1", kind):
            continue
        if rule.resources == ("*",):
            yield place, group, plural
        elif place != "":
            yield from ((place, rule.api_group, resource) for resource in rule.resources)


def _kinds(config: Config, namespace: str | None) -> list[_Kind]:
    coming = {
        (m.obj["spec"]["group"], m.obj["spec"]["names"]["kind"]): m.obj["spec"]
        for m in config.manifests
        if m.obj["kind"] == "CustomResourceDefinition"
    }
    kinds: dict[_Kind, None] = {}
    for manifest in (*config.manifests, *config.hooks):
        kind, group = manifest.obj["kind"], manifest.obj["apiVersion"].rpartition("/")[0]
        definition = coming.get((group, kind))
        plural = definition["names"]["plural"] if definition else plural_of(kind)
        wide = definition.get("scope") == "Cluster" if definition else kind in _CLUSTER_SCOPED
        place = "" if wide else manifest.obj["metadata"].get("namespace") or namespace
        kinds[(kind, group, plural, place)] = None
    return list(kinds)


def _rules(rights: Rights) -> list[dict[str, Any]]:
    same: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), verbs in sorted(rights.items()):
        same.setdefault((group, tuple(sorted(verbs))), []).append(resource)
    return [{"apiGroups": [g], "resources": names, "verbs": list(verbs)} for (g, verbs), names in same.items()]


def _metadata(name: str, namespace: str | None, config: Config) -> dict[str, Any]:
    labels: Mapping[str, str] = {"app.kubernetes.io/name": config.name, **config.argo.labels}
    metadata: dict[str, Any] = {"name": name, "labels": dict(labels)}
    return {**metadata, "namespace": namespace} if namespace else metadata
