"""`kustomize`: what a kustomization builds is deployed, by whichever program is there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sternway_steps.config import ConfigErrors
from sternway_steps.errors import Transient
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


@pytest.mark.parametrize("program", ["kubectl", "kustomize"])
def test_a_chart_in_it_is_told_without_its_values(
    home: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    install(bin_folder, monkeypatch, program)
    (home / "prod/kustomization.yaml").write_text("helmCharts: [{name: web, valuesInline: {dsn: x, who: somebody}}]\n")
    with pytest.raises(ConfigErrors) as raised:
        load("sternway.yaml")
    assert "HelmChartInflationGenerator: must specify --enable-helm; deploy it by the key chart" in str(raised.value)
    assert "somebody" not in str(raised.value)


LOGGED = [
    (r'''"command failed" err="invalid \"pass\\word\" of 'x'"''', "invalid \"***\" of 'x'"),
    ('"command failed" err=<\n\tfailed to run git:\n\t"pass\\word"\n >', 'failed to run git:\n  "***"'),
]


@pytest.mark.parametrize(("line", "told"), LOGGED, ids=["line", "block"])
def test_an_error_that_is_logged_is_read_as_it_was(line: str, told: str, bin_folder: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:  # fmt: skip
    """The kubectl of Google's SDK writes errors into its log, in which a secret has another form."""
    install(bin_folder, monkeypatch)
    (home / "base/web.yaml").write_text("kind: Secret\nstringData: {a: 'pass\\word'}\n")
    (home / "log").write_text(f"# Warning: old\nE1129 08:09:02.429038   32600 run.go:72] {line}\n")
    (bin_folder / "kubectl").write_text(
        f"#!{sys.executable}\nimport sys\nsys.exit(open('{home}/log').read().rstrip())\n"
    )
    (bin_folder / "kubectl").chmod(0o755)
    with pytest.raises(ConfigErrors) as raised:
        load("sternway.yaml")
    assert str(raised.value).endswith(f"ended with exit code 1: {told}")


def test_a_base_whose_server_is_away_may_work_later(bin_folder: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:  # fmt: skip
    install(bin_folder, monkeypatch, "kustomize")
    (home / "prod/kustomization.yaml").write_text("resources: ['http://me:hunter2@127.0.0.1:1/x.yaml']\n")
    with pytest.raises(Transient, match="connection refused") as raised:
        load("sternway.yaml")
    assert "http://***@127.0.0.1:1/x.yaml" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_what_is_lacking_is_told(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(bin_folder, monkeypatch)
    with pytest.raises(ConfigErrors, match=r"2:1: kustomize: neither kubectl nor kustomize is on PATH; install one"):
        load("sternway.yaml")
    with pytest.raises(ConfigErrors, match="--set kustomize: kustomize: there is no folder nope; name the folder"):
        load("sternway.yaml", overrides=["kustomize=nope"])
    with pytest.raises(
        ConfigErrors, match="kustomize: a kustomization from elsewhere may change; clone it at a commit"
    ):
        load("sternway.yaml", overrides=["kustomize=https://git.example/web//prod?ref=v1"])
