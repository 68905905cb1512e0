"""Files of other tools that are named as a configuration: one sentence, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from sternway_steps.registry.load import load
from sternway_steps.yamltree.errors import ConfigErrors

DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n"
FOREIGN = {
    "a manifest": (DEPLOYMENT, "this is a manifest (Deployment)", "list it under manifests:"),
    "several, after a comment": (f"# ours\n---\n{DEPLOYMENT}---\n{DEPLOYMENT}", "this is a manifest (Deployment)", "sternway init"),
    "JSON": ('{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}', "this is a manifest (Service)", "list it under manifests:"),
    "a list of objects": ("apiVersion: v1\nkind: List\nitems: []\n", "this is a manifest (List)", "list it under manifests:"),
    "a kustomization": ("kind: Kustomization\nresources: [a.yaml]\napiVersion: kustomize.config.k8s.io/v1beta1\n", "this is a kustomization", "sternway init"),
    "one without a kind": ("apiVersion: kustomize.config.k8s.io/v1beta1\nresources: [a.yaml]\n", "this is a kustomization", "sternway init"),
    "a chart": ("apiVersion: v2\nname: web\nversion: 1.0.0\n", "this is the description of a Helm chart", "sternway init"),
}  # fmt: skip


@pytest.mark.parametrize("named", FOREIGN)
def test_a_file_of_another_tool_is_told_as_what_it_is(named: str, tmp_path: Path) -> None:
    text, message, hint = FOREIGN[named]
    (tmp_path / "it.yaml").write_text(text)
    with pytest.raises(ConfigErrors) as raised:
        load(tmp_path / "it.yaml")
    (finding,) = raised.value.errors
    assert (finding.location.source, finding.field) == (str(tmp_path / "it.yaml"), "")
    assert message in finding.message
    assert hint in finding.hint


def test_so_is_a_manifest_that_a_configuration_extends(tmp_path: Path) -> None:
    (tmp_path / "it.yaml").write_text(DEPLOYMENT)
    (tmp_path / "sternway.yaml").write_text("name: web\nextends: it.yaml\n")
    with pytest.raises(ConfigErrors) as raised:
        load(tmp_path / "sternway.yaml")
    assert [finding.message for finding in raised.value.errors] == [
        "this is a manifest (Deployment), and no configuration"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "name: web\nimage: web:1\nannotations: {apiVersion: old}\n",
        "name: web\nimage: web:1\nlabels: {kind: x}\nenv: {apiVersion: v1}\n",
    ],
)
def test_a_configuration_that_names_such_words_is_one(text: str, tmp_path: Path) -> None:
    (tmp_path / "sternway.yaml").write_text(text)
    assert load(tmp_path / "sternway.yaml").name == "web"


def test_what_is_no_yaml_is_told_as_before(tmp_path: Path) -> None:
    (tmp_path / "it.yaml").write_text("apiVersion: [\n")
    with pytest.raises(ConfigErrors, match="this is no valid YAML"):
        load(tmp_path / "it.yaml")


@pytest.mark.parametrize("text", ["apiVersion: 1\nname: web\n", "apiVersion: v1\nname: web\nimage: web:1\n"])
def test_keys_of_others_in_a_configuration_are_told_one_by_one(text: str, tmp_path: Path) -> None:
    (tmp_path / "sternway.yaml").write_text(text)
    with pytest.raises(ConfigErrors, match="apiVersion: this key is not known"):
        load(tmp_path / "sternway.yaml")
