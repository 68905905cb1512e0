"""`chart`: what a chart renders is what is deployed, and what Helm says against it is told with its place."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.config import Config, ConfigErrors
from sternway_steps.errors import Transient
from sternway_steps.journal.key_source import VARIABLE
from sternway_steps.registry.load import load

from tests.component.builtin.build.registry import Registry
from tests.renderers import install
from tests.renderers.charts import chart
from tests.renderers.serving import Served

SECRET = "correct-horse-battery"


@pytest.fixture
def called(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return install(bin_folder, monkeypatch, "helm")


def loaded(keys: Mapping[str, Any], *overrides: str) -> Config:
    Path("sternway.yaml").write_text(yaml.safe_dump({"name": "web", "namespace": "shop", **keys}))
    return load("sternway.yaml", overrides=overrides)


def refused(keys: Mapping[str, Any], *overrides: str) -> str:
    with pytest.raises(ConfigErrors) as raised:
        loaded(keys, *overrides)
    return str(raised.value)


def of(config: Config, kind: str) -> dict[str, Any]:
    (found,) = [manifest.obj for manifest in config.manifests if manifest.obj["kind"] == kind]
    return found


def image(config: Config) -> str:
    return str(of(config, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"])


def pushed(registry: Registry, folder: Path, version: str, tag: str = "") -> str:
    """Put a chart into a registry as `helm push` does; returns its digest."""
    (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: shop\nversion: {version}\n")
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(folder, "shop")
    parts = [
        (f"application/vnd.cncf.helm.{kind}", content)
        for kind, content in (
            ("config.v1+json", json.dumps({"name": "shop", "version": version, "apiVersion": "v2"}).encode()),
            ("chart.content.v1.tar+gzip", packed.getvalue()),
        )
    ]
    blobs = {f"sha256:{sha256(content).hexdigest()}": content for _, content in parts}
    registry.blobs |= blobs
    config, layer = (
        {"mediaType": kind, "digest": digest, "size": len(content)}
        for (kind, content), digest in zip(parts, blobs, strict=True)
    )
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]}).encode()
    digest = f"sha256:{sha256(manifest).hexdigest()}"
    registry.manifests["charts/shop", digest] = (kind, manifest)
    registry.tags["charts/shop", tag or version] = digest
    return digest


def test_values_of_files_and_of_the_configuration_lie_on_each_other(home: Path, called: Path) -> None:
    chart(home / "charts/web")
    (home / "a,b.yaml").write_text("image: {name: 'a:1'}\nlevel: debug\n")
    (home / "top.yaml").write_text("image: {name: 'b:1'}\n")
    keys = {"chart": {"path": "charts/web", "values": ["a,b.yaml", "top.yaml"], "kubeVersion": "v1.33.0"}}
    config = loaded(keys)
    assert image(config) == "b:1"
    assert of(config, "ConfigMap")["metadata"] == {"name": "web-settings", "namespace": "shop"}
    assert of(config, "ConfigMap")["data"] == {"level": "debug", "kube": "v1.33.0"}
    assert [manifest.source for manifest in config.manifests] == 2 * ["shop/templates/web.yaml (rendered)"]
    again = loaded(keys, "chart.set.image.name=c:1", "chart.release=other")
    assert (image(again), of(again, "Deployment")["metadata"]["name"]) == ("c:1", "other")


def test_definitions_are_rendered_too_and_hooks_are_as_hooks_says(home: Path, called: Path) -> None:
    chart(home / "web", "example.com", hook=True)
    keys: dict[str, Any] = {"chart": {"path": "web", "set": {"image": {"name": "a:1"}}}}
    assert "Job web-move is a hook of Helm" in (said := refused(keys))
    assert said.startswith("shop/templates/move.yaml (rendered): metadata.annotations")
    config = loaded({**keys, "hooks": "run"})
    kinds = [manifest.obj["kind"] for manifest in config.manifests]
    assert sorted(kinds) == ["ConfigMap", "CustomResourceDefinition", "Deployment", "Flag"]
    assert [hook.obj["kind"] for hook in config.hooks] == ["Job"]
    assert not loaded({**keys, "hooks": "ignore"}).hooks


def test_a_chart_asks_what_the_cluster_serves(home: Path, called: Path) -> None:
    (chart(home / "web") / "templates/asks.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {has: '{{ .Capabilities.APIVersions.Has \"x.example.com/v1\" }}'}\n"
    )
    keys: dict[str, Any] = {"path": "web", "set": {"image": {"name": "a:1"}}}
    assert of(loaded({"chart": keys}), "Secret")["stringData"] == {"has": "false"}
    known = loaded({"chart": {**keys, "apiVersions": ["x.example.com/v1"]}})
    assert of(known, "Secret")["stringData"] == {"has": "true"}


def test_a_chart_of_a_repository_is_fetched_in_its_version(home: Path, called: Path) -> None:
    with tarfile.open(home / "shop-1.2.3.tgz", "w:gz") as archive:
        archive.add(chart(home / "made"), "shop")
    entry = {"apiVersion": "v2", "name": "shop", "version": "1.2.3", "urls": ["shop-1.2.3.tgz"]}
    with Served() as served:
        served.files["/index.yaml"] = yaml.safe_dump({"apiVersion": "v1", "entries": {"shop": [entry]}}).encode()
        served.files["/shop-1.2.3.tgz"] = (home / "shop-1.2.3.tgz").read_bytes()
        keys = {"repo": served.url, "name": "shop", "version": "1.2.3", "set": {"image": {"name": "a:1"}}}
        (home / "shop").mkdir(exist_ok=True)  # which is not the chart that is named
        assert image(loaded({"chart": keys})) == "a:1"
        said = refused({"chart": {**keys, "version": "9.9.9"}})
    assert said.startswith("sternway.yaml:1:1: chart: helm template web shop ended with exit code 1: chart ")
    assert "not found" in said
    with pytest.raises(Transient, match="cannot be reached") as raised:
        loaded({"chart": {**keys, "repo": f"{served.url}?token=hunter2"}})
    assert "hunter2" not in str(raised.value)
    assert "helm repo add team URL" in refused({"chart": {**keys, "repo": "team"}})


def test_a_chart_of_an_oci_registry_is_pulled_in_its_version_or_by_its_digest(home: Path, called: Path) -> None:
    with Registry() as registry:
        digest = pushed(registry, chart(home / "made"), "1.2.3")
        pushed(registry, chart(home / "later"), "1.2.4+b.1", "1.2.4_b.1")
        keys = {"repo": f"oci://{registry.host}/charts/", "name": "shop", "set": {"image": {"name": "a:1"}}}
        for chosen in ({"version": "1.2.3"}, {"version": "1.2.4+b.1"}, {"version": "1.2.3", "digest": digest}):
            config = loaded({"chart": {**keys, **chosen}})
            assert (image(config), len(config.manifests)) == ("a:1", 2), "what it says of the pull is no object"
        assert f"oci://{registry.host}/charts/shop@{digest} --version 1.2.3 --plain-http" in called.read_text()
        said = refused({"chart": {**keys, "version": "9.9.9"}})
        assert said.startswith("sternway.yaml:1:1: chart: helm template web oci://")
        assert f"{registry.host}/charts/shop:9.9.9: not found" in said
        said = refused({"chart": {**keys, "version": "1.2.3", "insecure": False}})
        assert said.endswith("; chart.insecure: true, if the registry has no TLS")


def test_what_an_oci_registry_wants_is_told(home: Path, called: Path) -> None:
    with Registry(login="basic") as registry:
        keys = {"repo": f"oci://{registry.host}/charts", "name": "shop", "version": "1.2.3"}
        assert refused({"chart": keys}).endswith(f"credential not found; helm registry login {registry.host}")
        registry.wrong = lambda _method, _path: 403
        assert refused({"chart": keys}).endswith(f"Forbidden; helm registry login {registry.host}")
    with pytest.raises(Transient, match="connection refused"):
        loaded({"chart": keys})


def test_what_helm_says_is_told_with_its_place_and_exit_code(home: Path, called: Path) -> None:
    chart(home / "web")
    keys = {"chart": {"path": "web"}}
    place = "sternway.yaml:1:1: chart: helm template web ./web ended with exit code 1: "
    said = refused(keys)
    assert said.startswith(f"{place}execution error at (shop/templates/web.yaml:")
    assert said.endswith("): image.name is required")
    (home / "web/templates/bad.yaml").write_text("a: b\n c: d: e\n")
    assert refused(keys, "chart.set.image.name=a:1").startswith(f"{place}YAML parse error on shop/templates/bad.yaml: ")
    with (home / "web/Chart.yaml").open("a") as file:
        file.write("dependencies: [{name: redis, version: '1', repository: 'https://charts.example.com'}]\n")
    assert "charts/ directory: redis; helm dependency build ./web" in refused(keys)


def test_no_value_is_told_nor_in_the_list_of_processes(
    home: Path, called: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart(home / "web")
    (home / "web/values.schema.json").write_text('{"properties": {"pw": {"type": "string", "pattern": "^x"}}}')
    monkeypatch.setenv(VARIABLE, SECRET)
    (home / "values.yaml").write_text("pw: hunter2\n")
    for keys in ({"set": {"pw": SECRET}}, {"values": ["values.yaml"]}, {"set": {"pw": {"pw": SECRET}}, "values": []}):
        said = refused({"chart": {"path": "web", **keys}})
        assert SECRET not in said
        assert "hunter2" not in said
    assert "at '/pw': '***' does not match pattern" in refused({"chart": {"path": "web", "values": ["values.yaml"]}})
    (home / "web/values.schema.json").write_text('{"properties": {"who": {"type": "string", "pattern": "^x"}}}')
    assert "at '/who': *** does not match pattern '^x'" in refused({"chart": {"path": "web", "set": {"who": "me"}}})
    assert SECRET not in called.read_text()
    assert SECRET not in (called.parent / "environ").read_text()


def test_what_was_fetched_is_no_option_of_helm(home: Path, called: Path) -> None:
    (chart(home / "web") / "values.yaml").rename(home / "-x.yaml")
    (home / "web/values.yaml").write_text("level: info\nimage: {name: 'a:1'}\n")
    loaded({"chart": {"path": "web", "values": ["-x.yaml"], "set": {"image": {"name": "b:1"}}}})
    assert called.read_text().endswith("--include-crds --values ./-x.yaml --values -\n")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"values": ["v.yaml"]}, "1:1: chart: this says not where the chart is; expected path: FOLDER, or repo: URL"),
        ({"path": "web", "repo": "https://r.example"}, "chart: this says two places"),
        ({"repo": "https://r.example", "version": "1"}, "chart.name: a chart of a repository needs this key"),
        ({"repo": "https://r.example", "name": "web"}, "chart.version: a chart of a repository needs this key"),
        ({"path": "web", "digest": f"sha256:{64 * '0'}"}, "chart.digest: this belongs to a chart of a repository"),
        ({"repo": "https://r.example", "name": "w", "version": "1", "insecure": True}, "chart.insecure: this belongs to a chart of an OCI registry, oci://; leave it out"),
        ({"repo": "oci://r.example/c", "name": "w", "version": "1", "digest": "sha256:1"}, "chart.digest: 'sha256:1' is not valid"),
        ({"path": "web", "version": "1"}, "chart.version: this belongs to a chart of a repository"),
        ({"repo": "https://me:hunter2@r.example", "name": "w", "version": "1"}, "a repository's URL without a password"),
        ({"repo": "oci://r.example/c", "name": "-x", "version": "1"}, "chart.name: '-x' is not valid"),
        ({"path": "web", "set": {"image.tag": 1}}, "chart.set.image.tag: a key of values has no dot; Helm would ignore this one; write image: {tag: …}"),
        ({"path": "nope"}, "chart.path: there is no nope; name the chart's folder or archive"),
        ({"path": "web", "values": ["bin", "v.yaml"]}, "chart.values[0]: bin can't be read: Is a directory"),
        ({"path": "web", "values": ["sternway.yaml", "v.yaml"]}, "chart.values[1]: v.yaml can't be read: No such file"),
        ({"path": "web", "valeus": []}, "chart.valeus: this key is not known; did you mean 'values'?"),
    ],
)  # fmt: skip
def test_what_is_refused_before_helm_is_called(home: Path, called: Path, keys: Any, words: str) -> None:
    chart(home / "web")
    said = refused({"chart": keys})
    assert words in said
    assert "hunter2" not in said
    assert called.read_text() == ""


def test_a_chart_needs_a_namespace(home: Path, called: Path) -> None:
    chart(home / "web")
    Path("sternway.yaml").write_text("name: web\nchart: {path: web}\n")
    with pytest.raises(ConfigErrors, match=r"1:1: namespace: a chart writes its namespace into its objects"):
        load("sternway.yaml")
    with pytest.raises(ConfigErrors, match=r"image\.name is required"):
        load("sternway.yaml", overrides=["namespace=shop"])


def test_a_base_may_name_the_chart_from_its_own_folder(home: Path, called: Path) -> None:
    chart(home / "web")
    (home / "values.yaml").write_text("image: {name: 'a:1'}\n")
    (home / "base.yaml").write_text("name: web\nchart: {path: web, values: [values.yaml]}\n")
    (home / "config").mkdir()
    (home / "config/prod.yaml").write_text(
        "extends: ../base.yaml\nnamespace: prod\nchart: {set: {image: {name: 'b:1'}}}\n"
    )
    assert image(load("config/prod.yaml")) == "b:1"
    (home / "bin/helm").unlink()
    with pytest.raises(ConfigErrors, match="helm is not on PATH; install helm"):
        load("config/prod.yaml")


def test_who_needs_the_target_alone_asks_no_program(home: Path, called: Path) -> None:
    (home / "sternway.yaml").write_text("name: web\nnamespace: a\nchart: {path: nope}\nmanifests: [nope.yaml, '-']\n")
    config = load("sternway.yaml", objects=False)
    assert (config.manifests, config.whole) == ((), False)
    assert called.read_text() == ""
    (home / "sternway.yaml").write_text("name: web\nnamespace: a\nimage: 'a:1'\n")
    assert load("sternway.yaml", objects=False).whole
