"""Each page is played from its first command to its last: in a folder of its own, on the sandbox and on a real cluster."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.conftest import Cluster

from .blocks import PAGES, Block, blocks, name
from .stage import Stage, same

COMMANDS = [p for p in PAGES if any(not b.left_out for b in blocks(p, "sh", "console"))]
ON_A_CLUSTER = [p for p in COMMANDS if any("cluster" in b.notes for b in blocks(p))]


def commands(page: Path) -> list[Block]:
    return [block for block in blocks(page, "sh", "console") if not block.left_out]


@pytest.mark.parametrize("page", COMMANDS, ids=name)
def test_a_page_runs_on_the_sandbox(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    with Sandbox() as sandbox:
        with Session(kubeconfig=sandbox.kubeconfig) as session:
            for namespace in ("shop", "shop-journal", "shop-production"):
                session.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, manager="test")  # fmt: skip
        stage = Stage(folder, sandbox.kubeconfig, real=False)
        stage.play(page)
    assert stage.ran == [block for block in commands(page) if "cluster" not in block.notes]


@pytest.mark.cluster
@pytest.mark.parametrize("page", ON_A_CLUSTER, ids=name)
def test_a_page_runs_on_a_real_cluster(page: Path, tmp_path: Path, real: Cluster) -> None:
    """Its namespaces are named after the test's, and its images are those that the node has."""
    folder = tmp_path / "page"
    folder.mkdir()
    journal = f"{real.namespace}-journal"
    real.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": journal}}, manager="test")
    try:
        stage = Stage(folder, real.kubeconfig, real=True, swap=lambda text: _swapped(text, real.namespace))
        stage.play(page)
    finally:
        real.client.delete(Ref("v1", "Namespace", None, journal), uid=None, propagation="Background")
    assert stage.ran == commands(page)


def _swapped(text: str, namespace: str) -> str:
    text = re.sub(r"\bshop\b", namespace, text)
    text = re.sub(r"\bghcr\.io/example/web:[\d.]*(\d)\b", lambda found: f"localhost/app:{1 + int(found[1]) % 2}", text)
    return re.sub(r"(?<!/)\b(?:registry\.example/)?nope:9", "localhost:5000/nope:9", text)


def test_what_is_shown_is_compared() -> None:
    assert same("run 20261124-135240-5c92f1 of web\n…\ndone (0.1 s)\n", "12:00:00 run 20261125-135240-aaaaaa of web\nx\ny\ndone (2.3 s)\n")  # fmt: skip
    assert not same("deploy: 1 created\n", "deploy: 2 created\n")
    assert not same("deploy: 1 created\n", "deploy: 1 created\nnote: more\n")
