"""ServiceAccount and Role of the steps' pods: what the steps declare for the kinds that the config deploys, no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sternway_steps.argo.rules import ARGO_RULES
from sternway_steps.config import Config
from sternway_steps.config.prune import prunes
from sternway_steps.config.selection import taken
from sternway_steps.objects.kinds import defined
from sternway_steps.objects.prunable import USUAL, named
from sternway_steps.release.rights import CLUSTER, EVENT_RULES, REMOVAL_RULES, Deployed, expand
from sternway_steps.release.rights import rights_of as expanded
from sternway_steps.saga.plan import Plan
from sternway_steps.step import Rule

from .served import NOT_ASKED, Served, is_wide, plural_of

# The report's Event, and why a pod never began.
REPORT_RULES = (Rule("", ("events",), ("create", "patch")), Rule("", ("pods", "events"), ("list",)))
ON_ARGO = (*ARGO_RULES, *REPORT_RULES)
# Whether a Workflow is at work, terminated or gone, asked by its steps and by the sweeper, which ends one that hangs.
SWEEP_RULES = (Rule("argoproj.io", ("workflows",), ("get", "patch")),)
# What a step's process starts when its Workflow is being terminated.
AT_ONCE_RULES = (Rule("batch", ("cronjobs",), ("get",)), Rule("batch", ("jobs",), ("create",)))

Rights = dict[tuple[str, str], set[str]]
"""Verbs by API group and resource."""


def on_argo(config: Config) -> tuple[Rule, ...]:
    """Return what the pods of Workflows need beyond their steps."""
    sweep = SWEEP_RULES if config.argo.sweep or config.argo.undo_on_terminate else ()
    return (*ON_ARGO, *sweep, *(AT_ONCE_RULES if config.argo.undo_on_terminate else ()))


def rbac(
    config: Config,
    plan: Plan,
    namespace: str | None,
    account: str,
    own: Iterable[Rule] | None = None,
    served: Served = NOT_ASKED,
) -> list[dict[str, Any]]:
    """Return the ServiceAccount, and a Role and its binding for each namespace; cluster-wide ones where needed.

    Without a namespace there are no bindings, for each names that of the account.

    `own` is what the pods need beyond their steps; by default what those of Workflows do. `served` is what a cluster
    told of kinds.
    """
    rights = rights_of(config, plan, namespace, own, served)
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(account, namespace, config)}
    ]
    subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
    for where in _places(rights, namespace):
        role = _role(account, where, namespace, config, rights[where])
        if namespace is None:  # who binds it tells where the account is: see binding_note
            objects.append(role)
            continue
        name, kind = role["metadata"]["name"], role["kind"]
        binding = {"apiVersion": role["apiVersion"], "kind": f"{kind}Binding", "metadata": role["metadata"]}
        reference = {"apiGroup": role["apiVersion"].partition("/")[0], "kind": kind, "name": name}
        objects += [role, {**binding, "roleRef": reference, "subjects": [subject]}]
    return objects


def binding_note(config: Config, obj: Mapping[str, Any]) -> str:
    """Say how a Role is bound that is generated for whichever namespace it is applied in; "" for all else."""
    if config.namespace is not None or obj.get("kind") not in ("Role", "ClusterRole"):
        return ""
    name, kind = obj["metadata"]["name"], obj["kind"].lower()
    where = obj["metadata"].get("namespace", "NAMESPACE")
    binding, place = (name, f" -n {where}") if kind == "role" else (f"{name}.NAMESPACE", "")
    return (
        "no namespace is configured, so the binding is made where this is applied: "
        f"kubectl create {kind}binding {binding} --{kind}={name} --serviceaccount=NAMESPACE:{name}{place}"
    )


def rollback_roles(
    config: Config, plan: Plan, namespace: str | None, account: str, served: Served = NOT_ASKED
) -> list[dict[str, Any]]:
    """Return Roles for people who only roll back, without a binding: who they are is theirs to say who grant it."""
    deployed = _kinds(config, namespace, served)
    rights: dict[str | None, Rights] = {}
    needed = expanded(config, (step.spec for step in plan.steps if step.undoable), deployed, namespace, forward=False)
    removed = expand(REMOVAL_RULES, _removed(config, namespace), namespace)
    for right in (*needed, *expand(EVENT_RULES, deployed, namespace), *removed):
        rights.setdefault(right.where, {}).setdefault((right.group, right.resource), set()).add(right.verb)
    return [
        _role(f"{account}-rollback", where, namespace, config, rights[where]) for where in _places(rights, namespace)
    ]


def rights_of(
    config: Config, plan: Plan, namespace: str | None, own: Iterable[Rule] | None = None, served: Served = NOT_ASKED
) -> dict[str | None, Rights]:
    """Return the rights by namespace; "" stands for what is not namespaced."""
    rights: dict[str | None, Rights] = {}
    deployed = _kinds(config, namespace, served)
    needed = expanded(config, (step.spec for step in plan.all_steps), deployed, namespace)
    pods = on_argo(config) if own is None else own
    removed = expand(REMOVAL_RULES, _removed(config, namespace), namespace)
    for right in (*needed, *expand(pods, (), namespace), *expand(EVENT_RULES, deployed, namespace), *removed):
        rights.setdefault(right.where, {}).setdefault((right.group, right.resource), set()).add(right.verb)
    if prunes(config):  # what is removed takes along what it owns, which may be of any kind
        rights.setdefault(namespace, {})["*", "*"] = {"list"}
    return rights


def _kinds(config: Config, namespace: str | None, served: Served) -> list[Deployed]:
    """Return the kinds that are deployed: as their definition says, the cluster, or the rules of English."""
    coming = defined(manifest.obj for manifest in config.manifests)
    kinds = []
    for obj in (manifest.obj for manifest in (*taken(config), *config.hooks)):
        version, kind = obj["apiVersion"], obj["kind"]
        definition, known = coming.get((version.rpartition("/")[0], kind)), served.get((version, kind))
        plural, wide = plural_of(kind), is_wide(version, kind)
        if definition:
            plural, wide = definition["names"]["plural"], definition.get("scope") == "Cluster"
        elif known:
            plural, wide = known.plural, not known.namespaced
        where = CLUSTER if wide else obj["metadata"].get("namespace") or namespace
        kinds.append(Deployed(version, kind, plural, where))
    return kinds


def _removed(config: Config, namespace: str | None) -> list[Deployed]:
    """Return the kinds of what may be removed: the usual ones, for the journal alone knows what was deployed before."""
    if not prunes(config):
        return []
    asked = [(f"{group}/v1" if group else "v1", kind) for group, kind in map(named, config.deploy.prune_kinds)]
    return [
        Deployed(version, kind, plural_of(kind), CLUSTER if is_wide(version, kind) else namespace)
        for version, kind in dict.fromkeys((*USUAL, *asked))
    ]


def _places(rights: Mapping[str | None, Rights], namespace: str | None) -> list[str | None]:
    """Return where there are rights, the target's own namespace first."""
    return sorted(rights, key=lambda place: (place != namespace, place or ""))


def _role(name: str, where: str | None, namespace: str | None, config: Config, rights: Rights) -> dict[str, Any]:
    wide = where == CLUSTER
    # A cluster has one name space for these, so the target's namespace is part of the name.
    name = f"{name}.{namespace}" if wide and namespace else name
    metadata = _metadata(name, None if wide else where, config)
    kind = "ClusterRole" if wide else "Role"
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": _rules(rights)}


def _rules(rights: Rights) -> list[dict[str, Any]]:
    same: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), verbs in sorted(rights.items()):
        same.setdefault((group, tuple(sorted(verbs))), []).append(resource)
    return [{"apiGroups": [g], "resources": names, "verbs": list(verbs)} for (g, verbs), names in same.items()]


def _metadata(name: str, namespace: str | None, config: Config) -> dict[str, Any]:
    labels: Mapping[str, str] = {"app.kubernetes.io/name": config.name, **config.argo.labels}
    metadata: dict[str, Any] = {"name": name, "labels": dict(labels)}
    return {**metadata, "namespace": namespace} if namespace else metadata
