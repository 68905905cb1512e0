"""Kinds that are not Kubernetes' own: a cluster is asked for them, else they are guessed, and named."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.kube.client import Client
from sternway_steps.kube.served_kinds import served_resources
from sternway_steps.sandbox import Sandbox

from tests.helpers import config_map, sternway

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.kubernetes.served import _OWN, is_wide, plural_of

GATEWAY = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "g"}}
GOOSE = {"apiVersion": "farm.example/v1", "kind": "Goose", "metadata": {"name": "g"}}


def written(folder: Path, *objects: dict[str, Any], **keys: Any) -> str:
    (folder / "m.yaml").write_text(yaml.safe_dump_all(objects))
    path = folder / "sternway.yaml"
    path.write_text(json.dumps({"name": "web", "namespace": "shop", "manifests": ["m.yaml"], **keys}))
    return str(path)


def roles(text: str) -> dict[tuple[str, str], list[str]]:
    """Give who may read what: the verbs by the kind of the Role and the resource."""
    found = [o for o in yaml.safe_load_all(text) if o["kind"] in ("Role", "ClusterRole")]
    rules = [(role["kind"], rule) for role in found for rule in role["rules"]]
    return {(kind, f"{name}.{group}"): rule["verbs"] for kind, rule in rules for group in rule["apiGroups"] for name in rule["resources"]}  # fmt: skip


def defined(plural: str, kind: str, group: str, scope: str) -> dict[str, Any]:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    spec = {"group": group, "scope": scope, "names": {"plural": plural, "kind": kind}, "versions": [version]}
    metadata = {"name": f"{plural}.{group}"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


@pytest.mark.parametrize("runner", ["argo", "cronjob"])
def test_a_cluster_is_asked_what_a_kind_is_called_and_where_it_is(tmp_path: Path, runner: str) -> None:
    path = written(tmp_path, GOOSE, GATEWAY, schedule="0 0 * * *")
    words = ("template", "--for", runner, "-c", path, "-o", "-")
    with Sandbox() as sandbox:
        client = Client.connect(sandbox.kubeconfig)
        client.create(defined("geese", "Goose", "farm.example", "Cluster"), manager="test")
        done = sternway(*words, kubeconfig=sandbox.kubeconfig)
        client.close()
    assert done.returncode == 0, done.stderr
    found = roles(done.stdout)
    assert "update" in found["ClusterRole", "geese.farm.example"]
    assert ("Role", "gooses.farm.example") not in found
    assert "update" in found["Role", "gateways.gateway.networking.k8s.io"]
    assert [line for line in done.stderr.splitlines() if "guess" in line or "serve" in line] == [
        "Gateway of gateway.networking.k8s.io/v1: the cluster does not serve it, so the Role is for "
        "gateways.gateway.networking.k8s.io in a namespace; if `kubectl api-resources` says otherwise, generate it where "
        "the cluster answers, or deploy the definition along"
    ]


def test_without_a_cluster_it_is_guessed_and_named_once_each(tmp_path: Path) -> None:
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [{"name": "u", "user": {"token": "t"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }))  # fmt: skip
    path = written(tmp_path, GOOSE, GATEWAY)
    done = sternway("template", "-c", path, "-o", "-", kubeconfig=str(nowhere))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("no cluster could be asked") == 2
    assert ("Role", "gateways.gateway.networking.k8s.io") in roles(done.stdout)


def test_nobody_is_asked_for_what_is_known(tmp_path: Path) -> None:
    path = written(tmp_path, config_map("m"), defined("geese", "Goose", "farm.example", "Cluster"), GOOSE)
    with Sandbox() as sandbox:
        done = sternway("template", "-c", path, "-o", "-", kubeconfig=sandbox.kubeconfig)
        assert [request.path for request in sandbox.requests] == []
    assert "api-resources" not in done.stderr
    assert ("ClusterRole", "geese.farm.example") in roles(done.stdout)


@pytest.mark.cluster
def test_what_is_known_of_kubernetes_own_kinds_is_what_a_server_says() -> None:
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig:
        pytest.skip("no real cluster: KUBECONFIG is not set")
    client = Client.connect(kubeconfig)
    found, _ = served_resources(client)
    client.close()
    own = [one for one in found if one.group in _OWN]
    assert len(own) > 60
    wrong = [
        one
        for one in own
        if (one.plural, one.namespaced) != (plural_of(one.kind), not is_wide(one.api_version, one.kind))
    ]
    assert wrong == []


def test_the_role_of_people_who_roll_back_is_less_than_that_of_a_run_and_bound_to_nobody(tmp_path: Path) -> None:
    path = written(tmp_path, config_map("m"), GOOSE, defined("geese", "Goose", "farm.example", "Cluster"), steps=["deploy", "verify"],
                   verify={"http": [{"service": "web", "port": 80}]})  # fmt: skip
    with Sandbox() as sandbox:
        forward, back = (
            sternway("template", "--for", runner, "-c", path, "-o", "-", kubeconfig=sandbox.kubeconfig).stdout
            for runner in ("argo", "rollback-role")
        )
    kinds = [(obj["kind"], obj["metadata"]["name"]) for obj in yaml.safe_load_all(back)]
    assert kinds == [("Role", "sternway-web-rollback"), ("ClusterRole", "sternway-web-rollback.shop")]
    all_of_it, undo = roles(forward), roles(back)
    assert all(set(verbs) <= set(all_of_it[key]) for key, verbs in undo.items())
    assert undo["Role", "configmaps."] == ["create", "delete", "get", "update"]
    assert ("Role", "services/proxy.") in all_of_it.keys() - undo.keys()
