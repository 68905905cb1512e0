"""docs/how-to/helm-kustomize.md: its configurations are read, and its commands do what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sternway_steps.kube.client import Client
from sternway_steps.registry.load import load
from sternway_steps.sandbox import Sandbox

from tests.conftest import ROOT
from tests.docs.blocks import blocks
from tests.helpers import sternway
from tests.renderers import install
from tests.renderers.charts import chart

PAGE = ROOT / "docs/how-to/helm-kustomize.md"
CHART, REPOSITORY, KUSTOMIZATION, PIPED, PINNED = [block.text for block in blocks(PAGE, "yaml")]
OF_CHART, OF_PIPED = [block.text for block in blocks(PAGE, "sh")]


@pytest.fixture
def there(home: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch, sternway_sandbox: Sandbox) -> Path:
    """Give a folder with what the page names, and the programs."""
    install(bin_folder, monkeypatch, "helm", "kubectl")
    (bin_folder / "sternway").write_text(f'#!/bin/sh\nexec {sys.executable} -m sternway_steps "$@"\n')
    (bin_folder / "sternway").chmod(0o755)
    web = chart(home / "charts/web", hook=True) / "templates/web.yaml"
    web.write_text(web.read_text().replace('{{ required "image.name is required" .Values.image.name | quote }}', '"app:{{ .Values.image.tag }}"'))  # fmt: skip
    (home / "values.yaml").write_text("level: debug\n")
    (home / "overlays/production").mkdir(parents=True)
    (home / "overlays/production/kustomization.yaml").write_text("resources: [c.yaml]\n")
    (home / "overlays/production/c.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    monkeypatch.setenv("KUBECONFIG", sternway_sandbox.kubeconfig)
    return home


@pytest.mark.parametrize(("written", "commands"), [(CHART, OF_CHART), (PIPED, OF_PIPED)], ids=["chart", "piped"])
def test_its_commands_work(there: Path, sternway_sandbox: Sandbox, written: str, commands: str) -> None:
    client = Client.connect(sternway_sandbox.kubeconfig)
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, manager="test")
    client.close()
    (there / "sternway.yaml").write_text(written)
    done = subprocess.run(["/bin/sh", "-exc", commands], cwd=there, env=os.environ, capture_output=True, text=True, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": undone") == 1


@pytest.mark.parametrize("written", [REPOSITORY, PINNED], ids=["repository", "pinned"])
def test_what_is_elsewhere_is_read(there: Path, written: str) -> None:
    (there / "sternway.yaml").write_text(written)
    assert not load("sternway.yaml", objects=False).whole


def test_a_kustomization_is_planned(there: Path, sternway_sandbox: Sandbox) -> None:
    (there / "sternway.yaml").write_text(KUSTOMIZATION)
    found = sternway("plan", "--set", "namespace=default", kubeconfig=sternway_sandbox.kubeconfig, cwd=there)
    assert "create configmap/c" in found.stdout, found.stdout + found.stderr
