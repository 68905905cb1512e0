"""Whether the nodes will be able to pull the images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sternway_steps.builtin.build.registry import digest_of
from sternway_steps.doctor.finding import Finding
from sternway_steps.doctor.images import images, on_all_nodes
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.registry.load import load
from sternway_steps.sandbox import Sandbox

from tests.component.builtin.build.registry import Registry
from tests.conftest import Cluster
from tests.helpers import config_of, deployment

INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.fixture
def client(sternway_sandbox: Sandbox) -> Iterator[Client]:
    client = Client.connect(sternway_sandbox.kubeconfig)
    yield client
    client.close()


def found(client: Client, *named: str) -> list[Finding]:
    objects = [deployment(f"web-{number}", image) for number, image in enumerate(named)]
    return list(images(client, config_of("default", *objects)))


def test_an_image_is_looked_for_in_its_registry(client: Client) -> None:
    with Registry() as registry:
        content = b'{"schemaVersion": 2}'
        registry.manifests["team/web", digest := digest_of(content)] = (INDEX, content)
        registry.tags["team/web", "1"] = digest
        there, gone = f"{registry.host}/team/web:1", f"{registry.host}/team/web:2"
        by_digest = f"{registry.host}/team/web:7@{digest}"
        good, bad = found(client, there, gone, there, by_digest)
    assert (good.level.value, good.what) == ("good", "2 images are on the nodes, or in the registry")
    assert (bad.level.value, bad.what) == ("wrong", f"image {gone} is not in its registry")


@pytest.mark.parametrize("login", ["basic", "token"])
def test_a_registry_that_does_not_let_us_look_is_a_warning(client: Client, login: str) -> None:
    with Registry(login=login) as registry:
        if login == "token":
            registry.realm = f"http://{registry.host}/token"
        (said,) = found(client, f"{registry.host}/team/web:1")
    assert said.level.value == "warning"
    assert registry.host in said.what
    assert "other credentials" in said.why


def test_so_is_one_that_does_not_answer(client: Client) -> None:
    with Registry() as registry:
        host = registry.host
    (said,) = found(client, f"{host}/team/web:1")
    assert said.level.value == "warning"
    assert "does not answer" in said.what


def test_what_all_nodes_have_is_asked_of_nobody(client: Client) -> None:
    client.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "second"}}, manager="test")
    for name, names in (
        ("second", ["localhost:1/web:1", "docker.io/library/api:1"]),
        ("sandbox-node", ["localhost:1/web:1"]),
    ):
        status = {"status": {"images": [{"names": names, "sizeBytes": 1}, {"names": None}]}}
        client.patch(Ref("v1", "Node", None, name), status, manager="test", subresource="status")
    assert on_all_nodes(client) == {"localhost:1/web:1"}
    (good,) = found(client, "localhost:1/web:1")
    assert good.what == "1 image is on the nodes, or in the registry"


def test_who_may_not_see_nodes_asks_the_registry(client: Client, sternway_sandbox: Sandbox) -> None:
    sternway_sandbox.access.deny("list", "nodes")
    (said,) = found(client, "localhost:1/web:1")
    assert said.level.value == "warning"


def test_what_is_built_is_not_there_yet(client: Client, tmp_path: Path) -> None:
    (tmp_path / "sternway.yaml").write_text("name: web\nimage: localhost:1/web:1\nbuild: {context: .}\n")
    assert list(images(client, load(tmp_path / "sternway.yaml"))) == []


@pytest.mark.cluster
def test_real_nodes_tell_what_they_have(real: Cluster) -> None:
    """Which of its images a node lists is its own business: one of them is asked for."""
    node = real.client.list("v1", "Node").items[0]
    listed = [name for one in node["status"]["images"] for name in one["names"] or () if "@" not in name]
    (good,) = images(real.client, config_of(real.namespace, deployment("web", listed[0])))
    assert good.level.value == "good"
