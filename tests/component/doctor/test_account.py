"""What the doctor says of the account that a pipeline's pods run as, which is not who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.argo.rules import ARGO_RULES
from sternway_steps.config import Config
from sternway_steps.config.argo import ArgoConfig
from sternway_steps.doctor.account import account
from sternway_steps.doctor.finding import Finding, Level
from sternway_steps.kube.discovery import Resource
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.plan import make_plan
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.component.doctor.looking import edited, examined, wrong
from tests.component.doctor.test_argo import DEFINITION
from tests.conftest import Cluster
from tests.helpers import config_map, config_of, deployment, served, until

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.kubernetes.rbac import rbac

RBAC = "rbac.authorization.k8s.io"
APPLY = "apply all that `sternway template` writes"


def on_argo(namespace: str, **argo: Any) -> Config:
    config = config_of(namespace, config_map("m", a="1"), deployment("web"))
    return replace(config, argo=ArgoConfig(image="r.example/{step}:1", **argo))


def generated(cluster: Cluster, config: Config) -> list[dict[str, Any]]:
    """Give the account, its Role and the binding, as `sternway template` writes them."""
    with Session(kubeconfig=cluster.kubeconfig) as session:
        plan = make_plan(config.steps, session.specs(config), config.on_end)
    return rbac(config, plan, config.namespace, f"sternway-{config.name}")


def said(kubeconfig: str, config: Config) -> list[Finding]:
    with Session(kubeconfig=kubeconfig) as session:
        return list(account(session, config))


def changed(cluster: Cluster, role: str, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change the rules of a Role."""
    ref = Ref(f"{RBAC}/v1", "Role", cluster.namespace, role)
    found = cluster.client.get(ref)
    assert found is not None
    change(found["rules"])
    cluster.client.replace(found, manager="test")


def test_it_is_asked_what_the_account_may_do(cluster: Cluster) -> None:
    config, client = on_argo(cluster.namespace), cluster.client
    what = f"serviceaccount/sternway-t in namespace {cluster.namespace}"
    [missing] = said(cluster.kubeconfig, config)
    assert (missing.level, missing.what, missing.remedy) == (Level.WARNING, f"there is no {what}", APPLY)
    who, *grants = generated(cluster, config)
    client.create(who, manager="test")
    # An administrator may all of it, and the account nothing: one finding, not forty.
    until(lambda: "has no right of all" in said(cluster.kubeconfig, config)[0].what)
    [nothing] = said(cluster.kubeconfig, config)
    assert (nothing.level, nothing.remedy) == (Level.WRONG, APPLY)
    assert f"account: {nothing.what}" in wrong(examined(cluster.kubeconfig, config))
    for obj in grants:
        client.create(obj, manager="test")
    until(lambda: said(cluster.kubeconfig, config)[0].level is Level.GOOD)
    assert [one.what for one in said(cluster.kubeconfig, config)] == [f"{what} has every right to deploy and undo"]

    def forbids(rules: list[dict[str, Any]]) -> None:
        for rule in rules:
            if "deployments" in rule["resources"]:
                rule["verbs"].remove("patch")

    changed(cluster, "sternway-t", forbids)
    until(lambda: said(cluster.kubeconfig, config)[0].level is Level.WRONG)
    [one] = said(cluster.kubeconfig, config)
    assert (one.what, one.remedy) == (f"{what} may not patch deployments.apps in {cluster.namespace}", APPLY)


def test_an_account_of_ones_own_is_asked_for_and_its_remedy_is_another(cluster: Cluster) -> None:
    config = on_argo(cluster.namespace, service_account="mine")
    metadata = {"name": "mine", "namespace": cluster.namespace}
    cluster.client.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}, manager="test")
    [found] = said(cluster.kubeconfig, config)
    assert found.what.startswith(f"serviceaccount/mine in namespace {cluster.namespace} has no right of all")
    assert found.remedy == "give it what `sternway template` writes for an account of its own"


def may_look(kubeconfig: str, config: Config) -> bool:
    """Tell whether the server knows already that one may look at the account."""
    with Session(kubeconfig=kubeconfig) as session:
        return session.client.can_i(
            "get", Resource("v1", "ServiceAccount", "serviceaccounts", True, ()), config.namespace
        )


def test_who_may_not_ask_is_told_the_command_and_who_administers_the_namespace_may(
    cluster: Cluster, tmp_path: Path
) -> None:
    config, client = on_argo(cluster.namespace), cluster.client
    for obj in generated(cluster, config):
        client.create(obj, manager="test")
    named = {"metadata": {"name": "asks", "namespace": cluster.namespace}}
    rules = [
        {"apiGroups": [""], "resources": ["serviceaccounts", "namespaces", "services"], "verbs": ["get", "list"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
    ]
    who = {"kind": "ServiceAccount", "name": "asks", "namespace": cluster.namespace}
    for obj in (
        {"apiVersion": "v1", "kind": "ServiceAccount", **named},
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", **named, "rules": rules},
        {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", **named, "subjects": [who], "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "asks"}},
    ):  # fmt: skip
        client.create(obj, manager="test")
    asks = edited(cluster.kubeconfig, tmp_path, **{"as": f"system:serviceaccount:{cluster.namespace}:asks"})
    until(lambda: may_look(asks, config) and said(asks, config)[0].level is Level.WARNING)
    [found] = said(asks, config)
    user = f"system:serviceaccount:{cluster.namespace}:sternway-t"
    assert found.what == f"we may not ask what serviceaccount/sternway-t in namespace {cluster.namespace} may do"
    assert found.remedy.startswith(f"kubectl auth can-i --list -n {cluster.namespace} --as {user} ")
    asking = {"apiGroups": ["authorization.k8s.io"], "resources": ["localsubjectaccessreviews"], "verbs": ["create"]}
    changed(cluster, "asks", lambda rules: rules.append(asking))
    until(lambda: said(asks, config)[0].level is Level.GOOD)


def without_results(rules: list[dict[str, Any]]) -> None:
    rules[:] = [rule for rule in rules if "workflowtaskresults" not in rule["resources"]]


def test_on_argo_the_executors_rights_count_too(sternway_sandbox: Sandbox) -> None:
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        client = session.client
        config = on_argo("default")
        cluster = Cluster(sternway_sandbox.kubeconfig, client, "default", real=False, sandbox=sternway_sandbox)
        for obj in generated(cluster, config):
            client.create(obj, manager="test")
        changed(cluster, "sternway-t", without_results)
        assert [one.level for one in account(session, config)] == [Level.GOOD], "it is no pipeline of Argo's yet"
        names = {"kind": "WorkflowTemplate", "plural": "workflowtemplates"}
        spec = {**DEFINITION["spec"], "names": names}
        client.create(
            {**DEFINITION, "metadata": {"name": "workflowtemplates.argoproj.io"}, "spec": spec}, manager="test"
        )
        until(lambda: served(client, "argoproj.io/v1alpha1", "WorkflowTemplate"))
        template = {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": {"name": "t", "namespace": "default"}}  # fmt: skip
        client.create(template, manager="test")
        found = [one.what.partition(" may not ")[2] for one in account(session, config)]
        assert found == [f"{verb} workflowtaskresults.argoproj.io in default" for verb in ARGO_RULES[0].verbs]


def test_what_says_nothing_of_the_cluster_is_not_asked(cluster: Cluster) -> None:
    assert said(cluster.kubeconfig, config_of(cluster.namespace, config_map("m"))) == []
