"""How what was generated is written: the same text each time, read back as it was, a folder as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.registry.load import load_with_source
from sternway_steps.sandbox import Sandbox

from tests.conftest import WEB
from tests.helpers import sternway

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from hera.workflows import models as m
from sternway_templates.argo.models import data, new
from sternway_templates.argo.pipeline import pipeline
from sternway_templates.kubernetes.config_maps import FULL, config_maps, files
from sternway_templates.kubernetes.served import plural_of
from sternway_templates.output import write
from sternway_templates.yaml_text import to_yaml

from tests.unit.argo.generated import written


@pytest.mark.parametrize("text", ["1e3", "n", "y", "yes", "on", "off", "null", "~", "0o10", "0x1f", "1_000", "12:30:45", "2026-11-24", "", " a", ".inf", "=", "<<", "a: b", "# c", "{{x}}", "a\nb\n", "a\n\n  b", "\tx"])  # fmt: skip
def test_a_text_is_read_back_as_that_text(text: str) -> None:
    assert list(yaml.safe_load_all(to_yaml([{"a": text, "b": [text]}]))) == [{"a": text, "b": [text]}]
    if text in ("n", "y", "1e3", "0o10"):
        assert f'"{text}"' in to_yaml([{"a": text}])


def test_the_same_config_gives_the_same_text_and_another_one_another_name(tmp_path: Path) -> None:
    one, two, three = (written(tmp_path, f"env.A={value}") for value in ("x", "x", "y"))
    assert to_yaml(one.values()) == to_yaml(two.values())
    assert one["ConfigMap"]["metadata"]["name"] != three["ConfigMap"]["metadata"]["name"]


def test_manifests_over_a_mebibyte_are_split(tmp_path: Path) -> None:
    objects = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{n}"}, "data": {"x": "y" * 400_000}}
        for n in range(6)
    ]
    (tmp_path / "m.yaml").write_text(to_yaml(objects))
    path = tmp_path / "sternway.yaml"
    path.write_text("name: web\nnamespace: shop\nmanifests: [m.yaml]\n")
    config, document = load_with_source(path)
    maps = config_maps("web", None, {}, files(config, document))
    assert len(maps) == 3
    assert all(sum(map(len, each["data"].values())) < FULL + 1000 for each in maps)
    assert len({each["metadata"]["name"] for each in maps}) == len(maps)
    sources = pipeline(config, document).values()
    volumes = next(o for o in sources if o["kind"] == "WorkflowTemplate")["spec"]["volumes"]
    assert len(volumes[0]["projected"]["sources"]) == 3


def test_a_key_that_hera_would_drop_is_an_error() -> None:
    with pytest.raises(TypeError, match="run_as_nonroot"):
        new(m.SecurityContext, run_as_nonroot=True)
    assert data(new(m.SecurityContext, run_as_non_root=True)) == {"runAsNonRoot": True}


def test_a_folder_is_replaced_whole_and_never_one_with_other_files(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write({"01-a.yaml": {"a": 1}, "02-b.yaml": {"b": 2}}, folder)
    write({"01-c.yaml": {"c": 3}}, folder)
    assert [path.name for path in folder.iterdir()] == ["01-c.yaml"]
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(Refused, match=r"notes\.txt"):
        write({"01-a.yaml": {}}, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["01-c.yaml", "notes.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"], "nothing is left beside it"


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write({"01-a.yaml": {"a": 1}}, folder)
    with pytest.raises(Refused):
        write({"01-b.yaml": {"b": 1}, "no/such/02-c.yaml": {}}, folder)
    assert [path.name for path in folder.iterdir()] == ["01-a.yaml"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("kind", "plural"),
    [("Ingress", "ingresses"), ("NetworkPolicy", "networkpolicies"), ("Endpoints", "endpoints"), ("Service", "services"),
     ("StorageClass", "storageclasses"), ("ConfigMap", "configmaps"), ("Gateway", "gateways"), ("Mesh", "meshes")],
)  # fmt: skip
def test_plurals_are_those_of_kubernetes(kind: str, plural: str) -> None:
    assert plural_of(kind) == plural


def test_the_command_writes_a_stream_and_names_mistakes() -> None:
    with Sandbox() as sandbox:
        good = sternway("template", "-c", str(WEB), "--set", "namespace=shop", "-o", "-", kubeconfig=sandbox.kubeconfig)
        bad = sternway("template", "-c", str(WEB), "--set", "schedule=x", "-o", "-", kubeconfig=sandbox.kubeconfig)
    assert good.returncode == 0, good.stderr
    assert [o["kind"] for o in yaml.safe_load_all(good.stdout)] == ["ServiceAccount", "Role", "RoleBinding", "ConfigMap", "CronJob", "WorkflowTemplate"]  # fmt: skip
    assert (bad.returncode, bad.stdout) == (Exit.USAGE, "")
    assert "schedule" in bad.stderr


def test_what_pods_read_is_merged_and_names_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "pod").mkdir()
    (tmp_path / "m.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n")
    (tmp_path / "base.yaml").write_text(
        "name: web\nimage: web:1\nport: 8080\nmanifests: [m.yaml]\nenv: {A: a, B: b}\nargo: {ttl: 1h}\n"
    )
    (tmp_path / "config/eu.yaml").write_text("extends: ../base.yaml\nnamespace: shop\nenv: {A: null, B: eu}\n")
    config, document = load_with_source(tmp_path / "config/eu.yaml", overrides=["env.ON=yes", "image=1.10"])
    objects = {obj["kind"]: obj for obj in pipeline(config, document).values()}
    texts = objects["ConfigMap"]["data"]
    assert "extends" not in texts["sternway.yaml"]
    for name, text in texts.items():
        (tmp_path / "pod" / name).write_text(text)
    there = load_with_source(tmp_path / "pod/sternway.yaml")[0]
    assert [each.obj for each in there.manifests] == [each.obj for each in config.manifests]
    assert there.to_dict() | {"manifests": 0} == config.to_dict() | {"manifests": 0}
    given = {p["name"]: p["value"] for p in objects["WorkflowTemplate"]["spec"]["arguments"]["parameters"]}
    assert given == {"image": "1.10"}
