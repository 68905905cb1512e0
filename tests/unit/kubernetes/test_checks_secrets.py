"""No value of a Secret gets into a ConfigMap, or into the files that `template` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.registry.load import load, load_with_source
from sternway_steps.yamltree.errors import ConfigErrors

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import pipeline
from sternway_templates.kubernetes.config_maps import CONFIG
from sternway_templates.kubernetes.cronjob import cronjob
from sternway_templates.submit.submission import read_submission

from tests.conftest import WEB
from tests.helpers import sternway

MARK = "pLaNtEd-48151623"
BASE = {"name": "web", "namespace": "shop", "image": "web:1", "manifests": ["m.yaml"], "schedule": "30 2 * * *"}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}}
HOOK = {"annotations": {"helm.sh/hook": "pre-install"}}
LAST = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({**SECRET, "data": {"a": MARK}})}
WITH_VALUES: dict[str, dict[str, Any]] = {
    "stringData": {**SECRET, "stringData": {"a": MARK}},
    "data": {**SECRET, "data": {"a": MARK}},
    "a wrong type": {**SECRET, "data": MARK},
    "in a list": {"apiVersion": "v1", "kind": "List", "items": [{**SECRET, "stringData": {"a": MARK}}]},
    "last applied": {**SECRET, "metadata": {"name": "keys", "annotations": LAST}},
    "a hook that is left out": {**SECRET, "metadata": {"name": "keys", **HOOK}, "stringData": {"a": MARK}},
}
WITHOUT: dict[str, dict[str, Any]] = {
    "a token that Kubernetes fills in": {**SECRET, "type": "kubernetes.io/service-account-token"},
    "empty": {**SECRET, "data": {}},
    "sealed": {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": {"name": "keys"}, "spec": {"encryptedData": {"a": "x"}}},
    "external": {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "keys"}, "spec": {"data": [{"secretKey": "a"}]}},
}  # fmt: skip


def config(folder: Path, manifest: dict[str, Any]) -> Path:
    (folder / "m.yaml").write_text(yaml.safe_dump_all([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}, manifest]))  # fmt: skip
    path = folder / "sternway.yaml"
    path.write_text(json.dumps({**BASE, "hooks": "ignore"}))
    return path


@pytest.mark.parametrize("manifest", WITH_VALUES.values(), ids=WITH_VALUES)
def test_a_secret_with_values_is_refused_at_its_line_and_the_ways_out_are_named(tmp_path: Path, manifest: dict[str, Any]) -> None:  # fmt: skip
    path = config(tmp_path, manifest)
    for make in (lambda: pipeline(*load_with_source(path)), lambda: cronjob(*load_with_source(path)), lambda: read_submission(str(path), (), {}, None)):  # type: ignore[arg-type]  # fmt: skip
        with pytest.raises(ConfigErrors) as bad:
            make()
        [error] = [each for each in bad.value.errors if "Secret" in each.message]
        assert (error.location.source, error.location.line) == ("m.yaml", 8 if manifest["kind"] == "List" else 6)
        for word in ("apply it apart", "ExternalSecret", "SealedSecret", "a Secret that is there"):
            assert word in str(error)
        assert MARK not in str(bad.value)


@pytest.mark.parametrize("runner", ["argo", "cronjob"])
def test_the_command_writes_nothing_then(tmp_path: Path, runner: str) -> None:
    path = config(tmp_path, WITH_VALUES["stringData"])
    done = sternway("template", "-c", str(path), "--for", runner, "-o", str(tmp_path / "out"), kubeconfig="/none")
    assert (done.returncode, (tmp_path / "out").exists()) == (2, False), done.stdout + done.stderr
    assert "m.yaml:6" in done.stderr
    assert MARK not in done.stdout + done.stderr


@pytest.mark.parametrize("manifest", WITHOUT.values(), ids=WITHOUT)
def test_what_holds_no_value_may_stand_there(tmp_path: Path, manifest: dict[str, Any]) -> None:
    objects = pipeline(*load_with_source(config(tmp_path, manifest)))
    assert any(obj["kind"] == "ConfigMap" and "name: keys" in str(obj["data"]) for obj in objects.values())


def test_elsewhere_a_secret_is_deployed_as_ever(tmp_path: Path) -> None:
    found = load(str(config(tmp_path, WITH_VALUES["stringData"])))
    assert [m.obj["kind"] for m in found.manifests] == ["Deployment", "ConfigMap", "Secret"]


def test_pods_hold_a_form_to_its_enum_too(tmp_path: Path) -> None:
    """Argo checks the values of a form in its UI alone: whoever creates a Workflow writes what they like."""
    keys = {**yaml.safe_load(WEB.read_text()), "env": {"LEVEL": "info"}, "parameters": {"env.LEVEL": {"enum": ["info", "debug"]}}}  # fmt: skip
    path = tmp_path / "sternway.yaml"
    path.write_text(json.dumps({**keys, "namespace": "shop"}))
    [found] = [obj for obj in pipeline(*load_with_source(path)).values() if obj["kind"] == "ConfigMap"]
    for name, text in found["data"].items():
        (tmp_path / name).write_text(text)
    pods = str(tmp_path / CONFIG)
    assert load(pods, overrides=["env.LEVEL=debug"]) is not None
    for text in ("{secret: keys, key: api}", "trace"):
        with pytest.raises(ConfigErrors, match="is not among the values"):
            load(pods, overrides=[f"env.LEVEL={text}"])
