"""Typed objects of the Kubernetes package in the Python API: given to a run, and taken from one."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from kubernetes import client as k
from sternway_steps import Config, ConfigErrors, Session, as_manifests, load
from sternway_steps.config import Manifest
from sternway_steps.kube.typed import to_typed
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox

from tests.conftest import WEB, Cluster
from tests.helpers import config_map


def deployment(image: str = "localhost/app:1", name: str = "web", **keys: object) -> k.V1Deployment:
    container = k.V1Container(name="web", image=image, ports=[k.V1ContainerPort(container_port=8080)])
    labels = {"app": name}
    template = k.V1PodTemplateSpec(metadata=k.V1ObjectMeta(labels=labels), spec=k.V1PodSpec(containers=[container]))
    spec = k.V1DeploymentSpec(replicas=1, selector=k.V1LabelSelector(match_labels=labels), template=template)
    what = {"api_version": "apps/v1", "kind": "Deployment", "metadata": k.V1ObjectMeta(name=name), "spec": spec, **keys}
    return k.V1Deployment(**what)


def config_of(cluster: Cluster, *objects: object) -> Config:
    return Config(name="typed", namespace=cluster.namespace, manifests=objects)  # type: ignore[arg-type]


def test_a_run_takes_typed_objects_and_gives_them_and_its_undo_puts_them_back(cluster: Cluster) -> None:
    settings = {**config_map("settings", level="info"), "metadata": k.V1ObjectMeta(name="settings")}
    with Session(kubeconfig=cluster.kubeconfig) as session:
        first = session.run(config_of(cluster, deployment(), settings))
        assert first.status == "succeeded", first.error
        live = session.live(first.run)
        assert [type(obj) for obj in live] == [k.V1Deployment, k.V1ConfigMap]
        web = live[0]
        assert (web.metadata.namespace, web.spec.replicas) == (cluster.namespace, 1)
        assert web.status.ready_replicas == 1

        # What was taken from one run is changed and given to the next.
        changed = deployment("localhost/app:2")
        planned = session.plan(config_of(cluster, changed, settings))
        assert [(p.result, p.ref.kind) for p in planned.previews] == [
            ("change", "Deployment"),
            ("unchanged", "ConfigMap"),
        ]
        second = session.run(config_of(cluster, changed, settings))
        assert second.status == "succeeded", second.error
        assert session.live(second.run)[0].spec.template.spec.containers[0].image == "localhost/app:2"
        assert session.rollback(second.run).status == "undone"
        assert session.live(second.run)[0].spec.template.spec.containers[0].image == "localhost/app:1"
        assert session.rollback(first.run).status == "undone"
        assert session.live(first.run) == ()


def test_a_custom_resource_is_given_as_data(sternway_sandbox: Sandbox) -> None:
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        names = {"plural": "shops", "kind": "Shop", "singular": "shop"}
        version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}  # fmt: skip
        definition = {
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "shops.shop.example"},
            "spec": {"group": "shop.example", "scope": "Namespaced", "names": names, "versions": [version]},
        }  # fmt: skip
        own = {"apiVersion": "shop.example/v1", "kind": "Shop", "metadata": {"name": "x"}, "spec": {"size": 1}}
        config = Config(name="typed", manifests=as_manifests([definition, own]))
        result = session.run(config)
        assert result.status == "succeeded", result.error
        live = session.live(result.run)
    assert isinstance(live[0], k.V1CustomResourceDefinition)
    assert isinstance(live[1], dict)
    assert live[1]["spec"] == {"size": 1}
    of_somebody = {"apiVersion": "shop.example/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {}}
    assert to_typed(of_somebody) is of_somebody, "a kind that has the name of one of Kubernetes' own"


def test_beside_those_of_files(sternway_sandbox: Sandbox) -> None:
    config = load(WEB)
    config = replace(config, manifests=(*config.manifests, k.V1ConfigMap(api_version="v1", kind="ConfigMap", metadata=k.V1ObjectMeta(name="more"), data={"a": "b"})))  # fmt: skip
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        assert session.run(config).status == "succeeded"
        assert (session.client.get(Ref("v1", "ConfigMap", "default", "more")) or {})["data"] == {"a": "b"}


def test_all_forms_are_the_same_data() -> None:
    typed = deployment()
    [manifest] = as_manifests([typed])
    assert manifest.source == "manifests[0]"
    data = manifest.obj
    assert json.loads(json.dumps(data)) == data
    assert data["spec"]["template"]["spec"]["containers"] == [{"image": "localhost/app:1", "name": "web", "ports": [{"containerPort": 8080}]}]  # fmt: skip
    listed = k.V1DeploymentList(api_version="apps/v1", kind="DeploymentList", items=[deployment(api_version=None, kind=None), deployment(name="api")])  # fmt: skip
    by_list = as_manifests([listed])
    assert [m.obj["metadata"]["name"] for m in by_list] == ["web", "api"]
    assert by_list[0].obj == data
    assert as_manifests([data])[0].obj == data
    assert as_manifests([Manifest(data, "x:1")]) == (Manifest(data, "x:1"),)
    given = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "b"}}
    as_manifests([given])[0].obj["data"]["a"] = "c"
    assert given["data"] == {"a": "b"}, "what the program has stays its own"


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(ConfigErrors) as raised:
        as_manifests(
            [deployment(api_version=None, kind=None), object(), {"apiVersion": "v1", "kind": "ConfigMap"}, k.V1Pod()]
        )
    said = str(raised.value).splitlines()
    assert said[0] == (
        "manifests[0]: apiVersion: apiVersion is missing; expected a string; "
        'the types have no default: V1Deployment(api_version="apps/v1", kind="Deployment", …)'
    )
    assert "manifests[1]: object is neither data nor a typed object of the kubernetes package" in said
    assert "manifests[2]: metadata.name: metadata.name is missing; expected a name" in said
    assert any(line.startswith("manifests[3]: metadata.name") for line in said)
    with pytest.raises(ConfigErrors, match=r"manifests\[1\]: Deployment web stands twice, first at manifests\[0\]"):
        as_manifests([deployment(), deployment()])


def test_data_needs_no_package() -> None:
    code = (
        "import sys; from sternway_steps import as_manifests\n"
        "as_manifests([{'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'x'}, 'data': {'a': None}}])\n"
        "print('kubernetes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
