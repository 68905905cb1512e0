"""Before a run starts, its images are looked for; refused is only what certainly is not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from sternway_steps import __version__
from sternway_steps.errors import Refused
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox

from tests.component.builtin.build.registry import Registry
from tests.component.submit.playing import API, submitted, written

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.submit.images import require_images
from sternway_templates.submit.submission import read_submission

INDEX = "application/vnd.oci.image.index.v1+json"
OTHER = ["docker.io/library/pause:3"]


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.fixture
def client(sternway_sandbox: Sandbox) -> Iterator[Client]:
    client = Client.connect(sternway_sandbox.kubeconfig)
    yield client
    client.close()


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A registry with the images of two steps."""
    with Registry() as registry:
        for step in ("validate", "deploy"):
            digest = f"sha256:{step.encode().hex():0<64}"
            registry.manifests[f"team/{step}", digest] = (INDEX, b"{}")
            registry.tags[f"team/{step}", "1"] = digest
        yield registry


def has(client: Client, *images: list[str]) -> None:
    """Let the node tell of its images."""
    status = {"status": {"images": [{"names": names, "sizeBytes": 1} for names in images]}}
    client.patch(Ref("v1", "Node", None, "sandbox-node"), status, manager="test", subresource="status")


def template(folder: Path, registry: Registry, pods: str, **argo: Any) -> dict[str, Any]:
    path = folder / "sternway.yaml"
    keys = {"image": f"{registry.host}/team/{{step}}:1", "pods": pods, **argo}
    path.write_text(json.dumps({"name": "web", "namespace": "default", "image": "web:1", "argo": keys}))
    return dict(read_submission(str(path), (), {}, StringIO()).template)


@pytest.mark.parametrize("pods", ["one", "each"])
def test_what_no_node_has_and_its_registry_does_not_know_is_named(
    client: Client, registry: Registry, tmp_path: Path, pods: str
) -> None:
    has(client, OTHER)
    with pytest.raises(Refused, match=f"do not know them: {registry.host}/team/verify:1$"):
        require_images(client, template(tmp_path, registry, pods))
    has(client, OTHER, [f"{registry.host}/team/verify:1"])
    require_images(client, template(tmp_path, registry, pods))


def test_images_that_nobody_named_are_refused_unless_they_were_loaded_on_a_node(client: Client, tmp_path: Path) -> None:
    path = written(tmp_path, argo={})
    made = dict(read_submission(str(path), (), {}, StringIO()).template)
    has(client, OTHER)
    with pytest.raises(Refused, match=f"do not know them: localhost/sternway-validate:{__version__}, ") as refused:
        require_images(client, made)
    assert "argo.image" in str(refused.value.remedy)
    has(client, *([f"localhost/sternway-{step}:{__version__}"] for step in ("validate", "deploy", "verify")))
    require_images(client, made)


def test_what_can_not_be_told_is_no_refusal(
    client: Client, registry: Registry, tmp_path: Path, sternway_sandbox: Sandbox
) -> None:
    made = template(tmp_path, registry, "one")
    require_images(client, made)  # a node that tells of no image at all
    has(client, *([f"docker.io/library/i{number}:1"] for number in range(50)))
    require_images(client, made)  # it may have more than it lists
    has(client, OTHER)
    require_images(client, template(tmp_path, registry, "one", imagePullSecrets=["theirs"]))
    sternway_sandbox.access.deny("list", "nodes")
    require_images(client, made)


def test_nothing_is_submitted_then(argo: Client, registry: Registry, tmp_path: Path, sternway_sandbox: Sandbox) -> None:
    has(argo, OTHER)
    path = written(tmp_path, argo={"image": f"{registry.host}/team/{{step}}:1"})
    with pytest.raises(Refused, match="team/verify:1"):
        submitted(sternway_sandbox.kubeconfig, path, wait=False)
    assert argo.list(API, "Workflow", "shop").items == []


@pytest.mark.parametrize("away", [True, False])
def test_a_registry_that_does_not_answer_or_let_us_look_is_none(client: Client, tmp_path: Path, away: bool) -> None:
    has(client, OTHER)
    with Registry(login="basic") as registry:
        made = template(tmp_path, registry, "one")
        if not away:
            require_images(client, made)
    require_images(client, made)
