"""`kustomize`: what a kustomization builds is deployed, by whichever program is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from sternway_steps.config import ConfigErrors
from sternway_steps.registry.load import load

from tests.renderers import install

CONF = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"


@pytest.fixture(autouse=True)
def folders(home: Path) -> None:
    (home / "base").mkdir()
    (home / "base/kustomization.yaml").write_text("resources: [web.yaml]\n")
    (home / "base/web.yaml").write_text(CONF)
    (home / "prod").mkdir()
    (home / "prod/kustomization.yaml").write_text(
        "resources: [../base]\nnamePrefix: my-\nsecretGenerator: [{name: db, literals: [password=hunter2]}]\n"
    )
    (home / "sternway.yaml").write_text("name: web\nkustomize: prod\n")


@pytest.mark.parametrize(("programs", "called"), [(["kubectl", "kustomize"], "kubectl kustomize ./prod\n"), (["kustomize"], "kustomize build ./prod\n")])  # fmt: skip
def test_it_is_built_by_kubectl_or_by_kustomize(
    bin_folder: Path, monkeypatch: pytest.MonkeyPatch, programs: list[str], called: str
) -> None:
    calls = install(bin_folder, monkeypatch, *programs)
    found = {manifest.obj["kind"]: manifest for manifest in load("sternway.yaml").manifests}
    assert found["ConfigMap"].obj["metadata"]["name"] == "my-web"
    assert found["Secret"].obj["data"] == {"password": "aHVudGVyMg=="}
    assert found["ConfigMap"].source == f"{called.strip()}:1"
    assert calls.read_text() == called


def test_what_it_says_is_told_without_what_is_secret(
    home: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(bin_folder, monkeypatch, "kubectl")
    (home / "prod/kustomization.yaml").write_text("secretGenerator: [{name: db, literals: [hunter2]}]\n")
    with pytest.raises(ConfigErrors) as raised:
        load("sternway.yaml")
    assert str(raised.value) == (
        "sternway.yaml:2:1: kustomize: kubectl kustomize ./prod ended with exit code 1: loading KV pairs: "
        "literal sources [***]: invalid literal source ***, expected key=value"
    )
    (home / "base/web.yaml").unlink()
    (home / "prod/kustomization.yaml").write_text("resources: [../base]\n")
    with pytest.raises(ConfigErrors, match=r"accumulating resources from 'web\.yaml': evalsymlink failure"):
        load("sternway.yaml")


def test_what_is_lacking_is_told(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(bin_folder, monkeypatch)
    with pytest.raises(ConfigErrors, match=r"2:1: kustomize: neither kubectl nor kustomize is on PATH; install one"):
        load("sternway.yaml")
    with pytest.raises(ConfigErrors, match="--set kustomize: kustomize: there is no folder nope; name the folder"):
        load("sternway.yaml", overrides=["kustomize=nope"])
