"""Who checks the rights before a run, who writes the Role, and who tests a step: all mean the same ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sternway_steps.builtin import builtin_steps
from sternway_steps.builtin.deploy.step import Deploy
from sternway_steps.config import Config, DeployConfig, JournalConfig, StepConfig
from sternway_steps.kube.client import Client
from sternway_steps.kube.discovery import Resource
from sternway_steps.release.precheck import precheck
from sternway_steps.saga.plan import Plan, make_plan
from sternway_steps.sandbox import Sandbox
from sternway_steps.testing.lab import Lab
from sternway_steps.testing.trial import Subject
from sternway_steps.testing.world import World
from sternway_templates.kubernetes.rbac import rights_of

from tests.helpers import config_map, config_of, deployment

Right = tuple[str | None, str, str, str]
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "geese.farm.example"},
    "spec": {
        "group": "farm.example", "scope": "Namespaced", "names": {"plural": "geese", "singular": "goose", "kind": "Goose"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}],
    },
}  # fmt: skip
GOOSE = {"apiVersion": "farm.example/v1", "kind": "Goose", "metadata": {"name": "g"}}
SET = {
    "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
    "spec": {
        "serviceName": "db", "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"},
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "i"}]}},
    },
}  # fmt: skip
CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "settings": ([config_map("m")], {}),
    "workloads": ([deployment("web"), config_map("m")], {"deploy": DeployConfig(restart_stale=True)}),
    "claims": ([SET], {"journal": JournalConfig(namespace="kube-system")}),
    "a kind that comes": ([DEFINITION, GOOSE], {}),
    "without a namespace": ([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}, config_map("m")], {"journal": JournalConfig("file")}),
    "elsewhere": ([{**config_map("m"), "metadata": {"name": "m", "namespace": "kube-system"}}], {}),
    "a command": ([config_map("m")], {"steps": (StepConfig("deploy", "deploy"), StepConfig("x", "command", {"image": "i", "execute": ["x"]}, effects="none"))}),
}  # fmt: skip


def asked(client: Client, config: Config, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> set[Right]:
    found: set[Right] = set()

    def can_i(verb: str, resource: Resource, namespace: str | None, sub: str = "") -> bool:
        found.add((namespace or "", resource.group, resource.plural + (f"/{sub}" if sub else ""), verb))
        return True

    monkeypatch.setattr(client, "can_i", can_i)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "pod")
    precheck(client, config, [step.spec for step in plan.steps], "t", lambda _: None, lambda _: None)
    return found


def granted(config: Config, plan: Plan) -> set[Right]:
    """Return what a run needs of what is granted: who may put no Event on a workload, puts none."""
    rights = rights_of(config, plan, "default", own=())
    return {(place, group, resource, verb) for place, held in rights.items() for (group, resource), verbs in held.items() for verb in verbs if (resource, verb) != ("events", "create")}  # fmt: skip


@pytest.mark.parametrize(("objects", "keys"), CASES.values(), ids=CASES)
def test_what_is_asked_is_what_is_granted(
    objects: list[dict[str, Any]], keys: dict[str, Any], sternway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of("default", *objects, **keys)
    plan = make_plan(config.steps, {name: step.spec for name, step in builtin_steps().items()})
    client = Client.connect(sternway_sandbox.kubeconfig)
    try:
        assert asked(client, config, plan, monkeypatch) == granted(config, plan)
    finally:
        client.close()


@pytest.mark.parametrize(("objects", "keys"), CASES.values(), ids=CASES)
def test_the_kit_allows_what_is_granted(
    objects: list[dict[str, Any]], keys: dict[str, Any], sternway_sandbox: Sandbox, tmp_path: Path
) -> None:
    config = config_of("default", *objects, **{**keys, "steps": (StepConfig("deploy", "deploy"),), "journal": JournalConfig("file")})  # fmt: skip
    plan = make_plan(config.steps, {name: step.spec for name, step in builtin_steps().items()})
    client = Client.connect(sternway_sandbox.kubeconfig)
    try:
        subject = Subject(Deploy, config, {}, (), sternway_sandbox.kubeconfig, tmp_path)
        lab = Lab(subject, World(tmp_path, sternway_sandbox.kubeconfig, "default", client), lambda _: None)
        assert lab.rights() == {(group, resource, verb) for _, group, resource, verb in granted(config, plan)}
    finally:
        client.close()
