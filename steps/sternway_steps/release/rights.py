"""May we do what the steps will need? Asked of the server before anything is touched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..kube.discovery import Resource, UnknownKind
from ..kube.parallel import run_parallel
from ..objects.ref import Ref
from ..spec import Rule

if TYPE_CHECKING:
    from ..config import Config
    from ..kube.client import Client

JOURNAL_RULES = (
    Rule("", ("secrets",), ("get", "list", "create", "patch", "delete")),
    Rule("coordination.k8s.io", ("leases",), ("get", "create", "update", "delete")),
)
_WITH_PODS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "Pod")
ROLLOUT_RULES = (
    Rule("*", ("*",), ("list", "watch"), with_state=True),
    Rule("", ("pods",), ("list", "watch"), only_with=_WITH_PODS),
    Rule("", ("events",), ("list", "watch"), with_state=True),
    Rule("apps", ("replicasets",), ("list", "watch"), only_with=("Deployment",)),
    Rule("", ("pods/log",), ("get",), only_with=_WITH_PODS),
)
"""What it takes to watch objects come up, and to say why they do not."""

RESTART_RULES = (Rule("", ("pods/eviction",), ("create",), only_with=("ConfigMap", "Secret")),)
"""What it takes to restart pods that run with the failed version's settings, where the configuration asks for it."""
CLAIM_RULES = (Rule("", ("persistentvolumeclaims",), ("list", "update"), only_with=("StatefulSet",)),)
"""What it takes to keep the claims of a StatefulSet that would take them along (`whenDeleted: Delete`)."""


def of_config(config: Config) -> list[Rule]:
    """Give the rules that a configuration needs beyond those of its steps."""
    sets = [m.obj.get("spec") or {} for m in config.manifests if m.obj["kind"] == "StatefulSet"]
    takes = any("Delete" in (spec.get("persistentVolumeClaimRetentionPolicy") or {}).values() for spec in sets)
    return [*(RESTART_RULES if config.deploy.restart_stale else ()), *(CLAIM_RULES if takes else ())]


def applies(rule: Rule, api_version: str, kind: str) -> bool:
    """Tell whether a rule is needed for an object of a kind that is deployed."""
    from ..objects.kinds import has_state

    if rule.in_target:
        return False
    return (not rule.only_with or kind in rule.only_with) and (not rule.with_state or has_state(api_version, kind))


def everywhere(rule: Rule) -> bool:
    """Tell whether a rule is needed whatever is deployed, so in the config's own namespace too."""
    return rule.resources != ("*",) and not rule.only_with and not rule.with_state


def missing_rights(
    client: Client, rules: Iterable[Rule], refs: Iterable[Ref], home: str, journal: str | None, *, own: bool = False
) -> list[str]:
    """Give what we may not do, as `patch deployments.apps in shop`; empty when all is allowed.

    "*" in a rule stands for the kinds of `refs`; `home` is the config's namespace, `journal` that of the journal, None
    when it is in files. `own`: ask also for what steps make themselves (`in_target`).
    """
    wanted: dict[tuple[str, Resource, str | None, str], None] = {}
    places = list(refs)
    for rule in rules:
        if everywhere(rule) and (own or not rule.in_target):
            for resource, sub in _resources(client, rule, None):
                wanted |= {(verb, resource, home, sub): None for verb in rule.verbs}
        for place in (p for p in places if applies(rule, p.api_version, p.kind)):
            for resource, sub in _resources(client, rule, place):
                wanted |= {(verb, resource, place.namespace, sub): None for verb in rule.verbs}
    if journal is not None:
        for rule in JOURNAL_RULES:
            for resource, sub in _resources(client, rule, None):
                wanted |= {(verb, resource, journal, sub): None for verb in rule.verbs}
    asked = list(wanted)
    answers = run_parallel(lambda ask: client.can_i(ask[0], ask[1], ask[2], ask[3]), asked)
    return [_text(*ask) for ask, allowed in zip(asked, answers, strict=True) if not allowed]


def _resources(client: Client, rule: Rule, place: Ref | None) -> Iterable[tuple[Resource, str]]:
    if rule.resources == ("*",):
        if place is not None:
            try:
                yield client.resource(place.api_version, place.kind), ""
            except UnknownKind:
                return  # its definition comes with the run; rights on it can't be asked yet
        return
    if place is not None and place.namespace is None:
        return
    version = f"{rule.api_group}/v1" if rule.api_group else "v1"
    for name in rule.resources:
        plural, _, sub = name.partition("/")
        yield Resource(version, "", plural, True, ()), sub


def _text(verb: str, resource: Resource, namespace: str | None, sub: str) -> str:
    name = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
    return f"{verb} {name}{'/' + sub if sub else ''}" + (f" in {namespace}" if namespace else "")
