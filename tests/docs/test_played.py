"""Each page is played from its first command to its last, in a folder of its own: on the sandbox, a real cluster, Argo."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

import pytest
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.conftest import Cluster

from .blocks import PAGES, Block, blocks, name
from .stage import Stage, needs, same


def commands(page: Path, has: frozenset[str]) -> list[Block]:
    found = (b for b in blocks(page, "sh", "console") if not b.left_out and "file" not in b.notes)
    return [block for block in found if not needs(block) - has]


def pages(need: str) -> list[Path]:
    return [page for page in PAGES if any(need in block.notes for block in blocks(page))]


NOTHING = frozenset[str]()
ANYWHERE = [page for page in PAGES if commands(page, NOTHING)]
IMAGE = os.environ.get("STERNWAY_TEST_IMAGE", "localhost/sternway-{step}:dev")


@pytest.mark.parametrize("page", ANYWHERE, ids=name)
def test_a_page_runs_on_the_sandbox(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    with Sandbox() as sandbox:
        with Session(kubeconfig=sandbox.kubeconfig) as session:
            for namespace in ("shop", "shop-journal", "shop-production"):
                session.client.create(_namespace(namespace), manager="test")
        stage = Stage(folder, sandbox.kubeconfig)
        stage.play(page)
    assert stage.ran == commands(page, NOTHING)


@pytest.mark.cluster
@pytest.mark.parametrize("page", pages("cluster"), ids=name)
def test_a_page_runs_on_a_real_cluster(page: Path, tmp_path: Path, real: Cluster) -> None:
    """Its namespaces are named after the test's, and its images are those that the node has."""
    journal = f"{real.namespace}-journal"
    real.client.create(_namespace(journal), manager="test")
    try:
        _play(page, tmp_path, real.kubeconfig, real.namespace, frozenset({"cluster"}))
    finally:
        real.client.delete(Ref("v1", "Namespace", None, journal), uid=None, propagation="Background")


@pytest.mark.argo
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", pages("argo"), ids=name)
def test_a_page_runs_on_argo(page: Path, tmp_path: Path) -> None:
    """It makes its namespace itself; the step images are those that the node has (STERNWAY_TEST_IMAGE)."""
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig:
        pytest.skip("no real cluster: KUBECONFIG is not set")
    namespace = f"test-{uuid.uuid4().hex[:8]}"
    try:
        _play(page, tmp_path, kubeconfig, namespace, frozenset({"cluster", "argo"}))
    finally:
        client = Client.connect(kubeconfig)
        if client.get(Ref("v1", "Namespace", None, namespace)) is not None:
            client.delete(Ref("v1", "Namespace", None, namespace), uid=None, propagation="Background")
        client.close()


def _play(page: Path, tmp_path: Path, kubeconfig: str, namespace: str, has: frozenset[str]) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    stage = Stage(folder, kubeconfig, has, swap=lambda text: _swapped(text, namespace))
    stage.play(page)
    assert stage.ran == commands(page, has)


def _swapped(text: str, namespace: str) -> str:
    text = re.sub(r"(?<![\w/])shop\b", namespace, text)
    text = re.sub(r"registry\.example/[\w/]*sternway-\{step\}:[\w{}.]+", IMAGE, text)
    text = text.replace("docker.io/nginxinc/nginx-unprivileged:1.29-alpine", "localhost/app:1")
    text = re.sub(r"\bghcr\.io/example/web:[\d.]*(\d)\b", lambda found: f"localhost/app:{1 + int(found[1]) % 2}", text)
    return re.sub(r"(?<=[=\s])(?:[\w.]+/)*nope:9", "localhost:5000/nope:9", text)


def _namespace(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def test_what_is_shown_is_compared() -> None:
    assert same("run 20261124-135240-5c92f1 of web\n…\ndone (0.1 s)\n", "12:00:00 run 20261125-135240-aaaaaa of web\nx\ny\ndone (2.3 s)\n")  # fmt: skip
    assert not same("deploy: 1 created\n", "deploy: 2 created\n")
    assert not same("deploy: 1 created\n", "deploy: 1 created\nnote: more\n")
