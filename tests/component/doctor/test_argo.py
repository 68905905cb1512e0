"""What is said of Argo: absent, too old, set so that it costs time or an undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml
from sternway_steps.config import Config
from sternway_steps.config.argo import ArgoConfig, Schedule
from sternway_steps.doctor.argo import argo
from sternway_steps.doctor.finding import Finding
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox

from tests.helpers import config_map, config_of, served, until

DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "workflows.argoproj.io"},
    "spec": {
        "group": "argoproj.io", "scope": "Namespaced", "names": {"kind": "Workflow", "plural": "workflows"},
        "versions": [{"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}],
    },
}  # fmt: skip
ON_ARGO = replace(config_of("shop", config_map("m")), argo=ArgoConfig(image="r.example/{step}:{version}"))


@pytest.fixture
def client(sternway_sandbox: Sandbox) -> Iterator[Client]:
    client = Client.connect(sternway_sandbox.kubeconfig)
    for name in ("shop", "argo"):
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager="test")
    yield client
    client.close()


@pytest.fixture
def installed(client: Client) -> Client:
    client.create(DEFINITION, manager="test")
    until(lambda: served(client, "argoproj.io/v1alpha1", "Workflow"))
    return client


def controller(
    client: Client, *arguments: str, version: str = "v4.1.2", namespace: str = "argo", ready: int = 1, **env: str
) -> None:
    labels = {"app": "c"}
    one = {
        "name": "c", "image": f"quay.io/argoproj/workflow-controller:{version}", "command": ["workflow-controller"],
        "args": list(arguments), "env": [{"name": name, "value": value} for name, value in env.items()],
    }  # fmt: skip
    obj = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "workflow-controller", "namespace": namespace},
        "spec": {"replicas": ready, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [one]}}},
    }  # fmt: skip
    client.create(obj, manager="test")
    ref = Ref("apps/v1", "Deployment", namespace, "workflow-controller")
    until(lambda: ((client.get(ref) or {}).get("status") or {}).get("readyReplicas", 0) == ready)


def settings(client: Client, **data: str) -> None:
    metadata = {"name": "workflow-controller-configmap", "namespace": "argo"}
    client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}, manager="test")


def found(client: Client, config: Config | None = None) -> list[Finding]:
    return list(argo(client, config))


def said(findings: list[Finding], level: str) -> list[str]:
    return [finding.what for finding in findings if finding.level.value == level]


def test_where_it_is_not_installed_it_is_missed_by_who_needs_it_alone(client: Client) -> None:
    (good,) = found(client, config_of("shop", config_map("m")))
    assert (good.level.value, "is not installed" in good.what) == ("good", True)
    for config in (ON_ARGO, replace(ON_ARGO, argo=ArgoConfig(), schedule=Schedule(("0 3 * * *",)))):
        (bad,) = found(client, config)
        assert (bad.level.value, "is not installed" in bad.what) == ("wrong", True)


def test_a_controller_as_it_should_be(installed: Client) -> None:
    controller(installed, DEFAULT_REQUEUE_TIME="1s")
    settings(installed, config="nodeEvents: {enabled: true}\n")
    findings = found(installed)
    assert said(findings, "good") == ["Argo Workflows 4.1.2", "the controller looks at a Workflow again after 1s"]
    assert len(findings) == 2


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({}, "after 10s (DEFAULT_REQUEUE_TIME)"),
        ({"DEFAULT_REQUEUE_TIME": "1m"}, "after 1m"),
        ({"DEFAULT_REQUEUE_TIME": ""}, "can't be told"),
    ],
)
def test_a_controller_that_looks_seldom_costs_time(installed: Client, env: dict[str, str], told: str) -> None:
    controller(installed, **env)
    (slow,) = [one for one in found(installed) if one.level.value == "warning"]
    assert told in slow.what
    assert "kubectl -n argo set env deployment/workflow-controller DEFAULT_REQUEUE_TIME=1s" in slow.remedy


@pytest.mark.parametrize(
    ("arguments", "data", "ready", "told"),
    [
        ((), {}, 0, "the controller is not ready: deployment/workflow-controller in namespace argo"),
        (("--namespaced",), {}, 1, "watches namespace argo alone"),
        (("--namespaced", "--managed-namespace", "other"), {}, 1, "watches namespace other alone"),
        ((), {"config": "instanceID: blue\n"}, 1, "the controller has the instanceID blue"),
        ((), {"instanceID": "blue"}, 1, "the controller has the instanceID blue"),
    ],
)
def test_a_controller_that_will_not_run_it(
    installed: Client, arguments: tuple[str, ...], data: dict[str, str], ready: int, told: str
) -> None:
    controller(installed, *arguments, ready=ready, DEFAULT_REQUEUE_TIME="1s")
    settings(installed, **data)
    (bad,) = said(found(installed, config_of("shop", config_map("m"))), "wrong")
    assert told in bad


@pytest.mark.parametrize(
    ("defaults", "level", "told"),
    [
        ({"retryStrategy": {"limit": "2"}}, "warning", "retries whatever fails"),
        ({"templateDefaults": {"retryStrategy": {"limit": "2"}}}, "warning", "retries whatever fails"),
        ({"templateDefaults": {"timeout": "10m"}}, "wrong", "gives every template a timeout"),
        ({"templateDefaults": {"pendingTimeout": "10m"}}, "wrong", "gives every template a pendingTimeout"),
        ({"automountServiceAccountToken": False}, "wrong", "gives pods no token"),
        ({"parallelism": 3, "ttlStrategy": {"secondsAfterCompletion": 60}}, "", ""),
        (None, "wrong", "lets no WorkflowTemplate change"),
    ],
)
def test_what_the_controller_adds_to_all_workflows(
    installed: Client, defaults: dict[str, Any] | None, level: str, told: str
) -> None:
    controller(installed, DEFAULT_REQUEUE_TIME="1s")
    secure = {"workflowRestrictions": {"templateReferencing": "Secure"}}
    settings(installed, config=yaml.safe_dump({"workflowDefaults": {"spec": defaults}} if defaults else secure))
    findings = found(installed)
    assert [(f.level.value, told in f.what) for f in findings if f.level.value != "good"] == (
        [(level, True)] if level else []
    )


def test_what_fits_this_namespace_is_no_fault(installed: Client) -> None:
    controller(installed, "--namespaced", "--managed-namespace=shop", "--configmap", "own", DEFAULT_REQUEUE_TIME="2s")
    metadata = {"name": "own", "namespace": "argo"}
    data = {"config": "instanceID: blue\n"}
    installed.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}, manager="test")
    labels = {"workflows.argoproj.io/controller-instanceid": "blue"}
    assert said(found(installed, replace(ON_ARGO, argo=ArgoConfig(labels=labels))), "wrong") == []


def test_limits_and_what_cannot_be_read_are_warnings(installed: Client, sternway_sandbox: Sandbox) -> None:
    controller(installed, DEFAULT_REQUEUE_TIME="1s")
    settings(installed, config="parallelism: 3\nnamespaceParallelism: 1\n")
    assert said(found(installed), "warning") == [
        "the controller runs 3 Workflows at once (parallelism)",
        "the controller runs 1 Workflows at once (namespaceParallelism)",
    ]
    sternway_sandbox.access.deny("get", "configmaps")
    assert said(found(installed), "warning") == ["the controller's ConfigMap can't be read"]
    sternway_sandbox.access.deny("list", "deployments", "apps")
    assert said(found(installed), "warning") == [
        "the version of Argo Workflows can't be told", "no Deployment of Argo's controller can be seen",
    ]  # fmt: skip


@pytest.mark.parametrize(("version", "level"), [("v3.3.1", "wrong"), ("v3.5.4", "warning")])
def test_an_old_version_is_told(installed: Client, version: str, level: str) -> None:
    controller(installed, version=version, DEFAULT_REQUEUE_TIME="1s")
    assert any(f"Argo Workflows {version[1:]} is " in text for text in said(found(installed), level))


def test_the_controller_of_the_own_namespace_counts(installed: Client) -> None:
    controller(installed, version="v3.5.4")
    controller(installed, namespace="shop", DEFAULT_REQUEUE_TIME="1s")
    assert said(found(installed, config_of("shop", config_map("m"))), "good")[0] == "Argo Workflows 4.1.2"


SWEEPER = "cronjob/sternway-sweep-t"


def sweeper(client: Client, *, suspend: bool) -> dict[str, Any]:
    pod = {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}}
    spec = {"schedule": "* * * * *", "suspend": suspend, "jobTemplate": {"spec": {"template": pod}}}
    metadata = {"name": SWEEPER.removeprefix("cronjob/"), "namespace": "shop"}
    return client.create(
        {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}, manager="test"
    )


@pytest.mark.parametrize(("suspend", "level"), [(None, "warning"), (True, "warning"), (False, "good")])
def test_without_a_sweeper_an_undo_is_lost(installed: Client, suspend: bool | None, level: str) -> None:
    controller(installed, DEFAULT_REQUEUE_TIME="1s")
    if suspend is not None:
        sweeper(installed, suspend=suspend)
    (one,) = [text for text in said(found(installed, ON_ARGO), level) if "sweeper" in text]
    assert SWEEPER in one


def test_a_configuration_without_one_is_told(installed: Client) -> None:
    controller(installed, DEFAULT_REQUEUE_TIME="1s")
    assert "argo.sweep is false" in said(found(installed, replace(ON_ARGO, argo=ArgoConfig(sweep=False))), "warning")


def test_images_of_no_registry_are_told(installed: Client) -> None:
    controller(installed, DEFAULT_REQUEUE_TIME="1s")
    for section, what in (
        (ArgoConfig(ttl=60), "is not set"),
        (ArgoConfig(image="sternway-{step}:1"), "names no registry"),
    ):
        assert f"argo.image {what}" in said(found(installed, replace(ON_ARGO, argo=section)), "warning")
    assert not any("argo.image" in text for text in said(found(installed, ON_ARGO), "warning"))
