"""The rights that a run and its undo take: what the steps declare, for the kinds that are deployed and nothing more.

One expansion for all who need it: the check before a run, the generated Role, and the test kit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config.each_step import each_step
from ..objects.kinds import has_state
from ..spec import Rule, StepSpec

if TYPE_CHECKING:
    from ..config import Config

JOURNAL_RULES = (
    Rule("", ("secrets",), ("get", "list", "create", "patch")),
    Rule("coordination.k8s.io", ("leases",), ("get", "create", "update", "delete")),
)
PRUNE_RULES = (Rule("", ("secrets",), ("delete",)),)
"""What it takes to forget old runs, as the end of a run does, and no undo."""
WITH_PODS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "Pod")
ROLLOUT_RULES = (
    Rule("*", ("*",), ("list", "watch"), with_state=True),
    Rule("", ("pods",), ("list", "watch"), only_with=WITH_PODS),
    Rule("", ("events",), ("list", "watch"), with_state=True),
    Rule("apps", ("replicasets",), ("list", "watch"), only_with=("Deployment",)),
    Rule("", ("pods/log",), ("get",), only_with=WITH_PODS),
)
"""What it takes to watch objects come up, and to say why they do not."""

REMOVAL_RULES = (
    Rule("*", ("*",), ("get", "list", "watch", "delete", "create", "update")),
    *ROLLOUT_RULES,
)
"""What it takes to remove what is no longer named, to wait until it is gone, and to put it back."""

EVENT_RULES = (Rule("", ("events",), ("create",), only_with=WITH_PODS),)
"""What it takes to put an Event on a workload. No run needs it: who may not, puts none."""
RESTART_RULES = (Rule("", ("pods/eviction",), ("create",), only_with=("ConfigMap", "Secret")),)
"""What it takes to restart pods that run with the failed version's settings, where the configuration asks for it."""
CLAIM_RULES = (Rule("", ("persistentvolumeclaims",), ("list", "update"), only_with=("StatefulSet",)),)
"""What it takes to keep the claims of a StatefulSet that would take them along (`whenDeleted: Delete`)."""


CLUSTER = ""
"""Stands for the place of what is in no namespace."""


@dataclass(frozen=True)
class Deployed:
    """A kind that is deployed. `place` is a namespace, CLUSTER, or None for the target's own that nobody named."""

    api_version: str
    kind: str
    plural: str
    where: str | None

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return self.api_version.rpartition("/")[0]


@dataclass(frozen=True)
class Right:
    """One verb on one resource (with its subresource: pods/log) in one place, as RBAC grants it."""

    where: str | None
    group: str
    resource: str
    verb: str


def rights_of(
    config: Config,
    specs: Iterable[StepSpec],
    kinds: Iterable[Deployed],
    home: str | None,
    *,
    own: bool = True,
    forward: bool = True,
) -> list[Right]:
    """Return the rights that a configuration's steps, their undo and the journal take.

    Args:
        config: the configuration.
        specs: of the steps.
        kinds: what is deployed, and where.
        home: the namespace of the target.
        own: with those for what steps make themselves in it (`in_target`).
        forward: with those of the way forward; else the undo's alone.

    """
    rules = [rule for spec in specs for rule in (*(spec.execute_rules if forward else ()), *spec.rollback_rules)]
    http = [check.namespace or home for check in config.verify.http]
    env = [rule for step, _, _ in each_step(config.steps) for rule in rules_of_env(step.options.get("env") or {})]
    found = expand([*rules, *env, *_of_config(config)], kinds, home, own=own, http=http)
    journal = (*JOURNAL_RULES, *(PRUNE_RULES if forward else ())) if config.journal.store == "cluster" else ()
    return list(dict.fromkeys([*found, *expand(journal, (), config.journal.namespace or home)]))


def expand(
    rules: Iterable[Rule],
    kinds: Iterable[Deployed],
    home: str | None,
    *,
    own: bool = True,
    http: Iterable[str | None] = (),
) -> list[Right]:
    """Return the rights that rules stand for, each once, in the order of the rules.

    | a rule that                                        | is needed                                          |
    | names resources, without a condition               | in `home`, and in each namespace that is deployed to |
    | names resources, with `only_with` or `with_state`  | in each namespace where such a kind is deployed    |
    | says "*"                                           | for each kind that fits, where it is deployed      |
    | is `in_target`                                     | in `home` alone, when `own` asks for it            |
    | is `with_http`                                     | in the namespaces of `http`                        |
    """
    found: dict[Right, None] = {}
    deployed = list(dict.fromkeys(kinds))
    for rule in rules:
        wanted: list[tuple[str | None, str, Iterable[str]]] = []
        if rule.with_http:
            wanted += [(where, rule.api_group, rule.resources) for where in http]
        elif rule.resources != ("*",) and not rule.only_with and not rule.with_state and (own or not rule.in_target):
            wanted.append((home, rule.api_group, rule.resources))
        for kind in (kind for kind in deployed if _applies(rule, kind)):
            if rule.resources == ("*",):
                wanted.append((kind.where, kind.group, (kind.plural,)))
            elif kind.where != CLUSTER:
                wanted.append((kind.where, rule.api_group, rule.resources))
        for where, group, resources in wanted:
            found |= {Right(where, group, resource, verb): None for resource in resources for verb in rule.verbs}
    return list(found)


def rules_of_env(env: Mapping[str, Any]) -> list[Rule]:
    """Return what it takes to read the variables of a step that come from Secrets and ConfigMaps.

    A Job gets them from the kubelet; they are read to keep what is secret out of its log, and to name what is missing.
    """
    sources = [source for source in env.values() if isinstance(source, Mapping)]
    named = (("secret", "secrets"), ("config", "configmaps"))
    kinds = tuple(resource for form, resource in named if any(form in source for source in sources))
    return [Rule("", kinds, ("get",), in_target=True)] if kinds else []


def _applies(rule: Rule, kind: Deployed) -> bool:
    """Return whether a rule is needed for an object of a kind that is deployed."""
    if rule.in_target or rule.with_http or (rule.only_with and kind.kind not in rule.only_with):
        return False
    return not rule.with_state or has_state(kind.api_version, kind.kind)


def _of_config(config: Config) -> list[Rule]:
    """Return the rules that a configuration needs beyond those of its steps."""
    sets = [m.obj.get("spec") or {} for m in config.manifests if m.obj["kind"] == "StatefulSet"]
    takes = any("Delete" in (spec.get("persistentVolumeClaimRetentionPolicy") or {}).values() for spec in sets)
    return [*(RESTART_RULES if config.deploy.restart_stale else ()), *(CLAIM_RULES if takes else ())]
