"""What a folder holds: manifests, charts, kustomizations, Dockerfiles, and what only looks like them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sternway_steps.errors import Refused
from sternway_steps.scaffold.look import look
from sternway_steps.scaffold.start import Manifests, Rendered
from sternway_steps.yamltree.errors import ConfigErrors

DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{template: {{spec: {{containers: [{{name: a, image: {image}}}]}}}}}}\n"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"


def deployment(name: str = "web", image: str = "r.example/web:1") -> str:
    return DEPLOYMENT.format(name=name, image=image)


def service(name: str = "web") -> str:
    return SERVICE.format(name=name)


def write(home: Path, **files: str) -> Path:
    """Write files; `__` in a name stands for /, and `_` before the last part for its dot."""
    for name, text in files.items():
        path = home / Path(*name.split("__"))
        path = path.with_name(path.name.replace("_yaml", ".yaml").replace("_json", ".json"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return home


def manifests_of(home: Path, *named: Path) -> Manifests:
    found = look(named, home, None).deploys
    assert isinstance(found, Manifests)
    return found


def test_a_folder_of_objects_alone_is_listed_as_a_whole(tmp_path: Path) -> None:
    write(tmp_path, k8s__web_yaml=deployment(), k8s__net__service_yaml=f"# one\n---\n{service()}---\n{service('api')}")
    found = manifests_of(tmp_path)
    assert found.patterns == ("k8s/",)
    assert sorted(manifest.obj["metadata"]["name"] for manifest in found.objects) == ["api", "web", "web"]


def test_of_a_folder_with_other_things_each_file_is_listed(tmp_path: Path) -> None:
    write(
        tmp_path, k8s__web_yaml=deployment(), k8s__values_yaml="replicas: 2\n", k8s__net__service_yaml=service(),
        k8s__package_json='{"name": "web"}', README="# web", sternway_yaml="name: web\nimage: web:1\n",
    )  # fmt: skip
    assert manifests_of(tmp_path).patterns == ("k8s/web.yaml", "k8s/net/")


def test_the_folder_of_the_configuration_is_listed_by_its_files(tmp_path: Path) -> None:
    write(
        tmp_path,
        web_yaml=deployment(),
        service_json='{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}',
    )
    assert sorted(manifests_of(tmp_path).patterns) == ["service.json", "web.yaml"]


def test_a_kustomization_that_makes_nothing_is_left_over_and_said(tmp_path: Path) -> None:
    write(
        tmp_path, k8s__web_yaml=deployment(),
        k8s__kustomization_yaml="apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
    )  # fmt: skip
    start = look([], tmp_path, None)
    assert isinstance(start.deploys, Manifests)
    assert start.deploys.patterns == ("k8s/web.yaml",)
    assert start.left_out == (("k8s/kustomization.yaml", "it is a file of another tool"),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("apiVersion: apps/v1\nkind: {{ .Kind }}\nmetadata: {name: a}\n", "render it first"),
        ("apiVersion: v1\nkind: Service\nmetadata: {generateName: a-}\n", "generated name"),
        ("apiVersion: v1\nkind: Config\nclusters: []\n", "another tool"),
        ("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: web}\n", "another tool"),
        ("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\nreplicas: 2\n", "apiVersion is missing"),
        ("kind: Service\napiVersion: v1\nmetadata: {name: [}\n", "no valid YAML"),
    ],
)
def test_what_only_looks_like_a_manifest_is_left_out_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    write(tmp_path, k8s__web_yaml=deployment(), k8s__other_yaml=text)
    start = look([], tmp_path, None)
    assert isinstance(start.deploys, Manifests)
    assert start.deploys.patterns == ("k8s/web.yaml",)
    ((name, said),) = start.left_out
    assert name == "k8s/other.yaml"
    assert why in said


def test_hidden_folders_packages_and_tests_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, k8s__web_yaml=deployment())
    for folder in (".github", "node_modules", "tests", ".venv"):
        write(tmp_path / folder, other_yaml=deployment("other"))
    assert manifests_of(tmp_path).patterns == ("k8s/",)


def test_one_object_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    write(tmp_path, k8s__prod_yaml=deployment(), k8s__staging_yaml=deployment())
    with pytest.raises(
        Refused, match=r"staging\.yaml:1: Deployment web stands twice, first at .*prod\.yaml:1"
    ) as refused:
        look([], tmp_path, None)
    assert "sternway init FOLDER" in (refused.value.remedy or "")


def test_a_chart_is_named_and_its_files_are_no_manifests(tmp_path: Path) -> None:
    write(
        tmp_path,
        chart__Chart_yaml="apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        chart__templates__d_yaml=deployment("{{ .Values.name }}"),
    )
    found = look([], tmp_path, None).deploys
    assert isinstance(found, Rendered)
    assert found == Rendered("the Helm chart chart", "shop", "chart", is_chart=True)


def test_a_chart_says_what_it_needs(tmp_path: Path) -> None:
    hook = 'metadata:\n  annotations:\n    "helm.sh/hook": pre-install,pre-upgrade\n'
    write(
        tmp_path, Chart_yaml="apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{name: db}]\n",
        templates__hook_yaml=hook, crds__a_yaml="{}",
    )  # fmt: skip
    found = look([], tmp_path, None).deploys
    assert isinstance(found, Rendered)
    assert (found.folder, found.before, found.hooks) == (".", "helm dependency build .", True)


def test_only_what_helm_runs_is_a_hook(tmp_path: Path) -> None:
    write(
        tmp_path,
        Chart_yaml="name: a\nversion: 1\napiVersion: v2\n",
        templates__t_yaml='annotations: {"helm.sh/hook": test}\n',
    )
    found = look([], tmp_path, None).deploys
    assert isinstance(found, Rendered)
    assert not found.hooks


def test_of_kustomizations_the_one_that_no_other_takes_in_counts(tmp_path: Path) -> None:
    write(
        tmp_path, base__kustomization_yaml="resources: [web.yaml]\n", base__web_yaml=deployment(),
        prod__kustomization_yaml="resources: [../base, ../common/more.yaml]\npatches: [{path: patch.yaml}]\n", prod__patch_yaml=deployment(),
        common__more_yaml=service(),
    )  # fmt: skip
    found = look([], tmp_path, None).deploys
    assert isinstance(found, Rendered)
    assert found == Rendered("the kustomization prod", "prod", "prod")


def test_several_are_refused_by_name_or_asked_for(tmp_path: Path) -> None:
    write(tmp_path, chart__Chart_yaml="apiVersion: v2\nname: shop\nversion: 1.0.0\n", k8s__web_yaml=deployment())
    with pytest.raises(Refused, match="the Helm chart chart; the manifests k8s/"):
        look([], tmp_path, None)
    asked: list[str] = []

    def second(names: object) -> int:
        asked.extend(names)  # type: ignore[call-overload]
        return 1

    found = look([], tmp_path, second).deploys
    assert isinstance(found, Manifests)
    assert asked == ["the Helm chart chart", "the manifests k8s/"]
    assert isinstance(look([tmp_path / "chart/Chart.yaml"], tmp_path, None).deploys, Rendered)
    assert look([tmp_path / "k8s"], tmp_path, None).deploys == found


def test_a_description_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    write(tmp_path, chart__Chart_yaml="name: [\n")
    with pytest.raises(ConfigErrors, match=r"Chart\.yaml:2:1: this is no valid YAML"):
        look([], tmp_path, None)


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("FROM a\nEXPOSE 8080/tcp\nEXPOSE 9\n", 8080),
        ("from a\nexpose 80\n", 80),
        ("FROM a\n# EXPOSE 80\n", None),
        ("EXPOSE $PORT", None),
        ("EXPOSE 99999", None),
    ],
)
def test_a_dockerfile_tells_its_port(tmp_path: Path, text: str, port: int | None) -> None:
    write(tmp_path, Dockerfile=text)
    start = look([], tmp_path, None)
    assert start.deploys is None
    assert start.builds is not None
    assert (start.builds.context, start.builds.file, start.builds.port) == (".", "Dockerfile", port)
    assert look([tmp_path / "Dockerfile"], tmp_path, None).builds == start.builds


def test_nothing_is_a_start_too_unless_it_was_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path, README="# web")
    start = look([], tmp_path, None)
    assert (start.deploys, start.builds) == (None, None)
    with pytest.raises(Refused, match="there is nothing to deploy in"):
        look([tmp_path / "empty"], tmp_path, None)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("README", "holds no Kubernetes object"),
        ("none.yaml", "does not exist"),
        ("values.yaml", "holds no Kubernetes object"),
        ("bad.yaml", "can't be deployed"),
    ],
)
def test_what_is_named_has_to_be_something_to_deploy(tmp_path: Path, name: str, why: str) -> None:
    write(
        tmp_path,
        README="# web",
        values_yaml="replicas: 1\n",
        bad_yaml="apiVersion: v1\nkind: [\n",
        web_yaml=deployment(),
    )
    with pytest.raises(Refused, match=why):
        look([tmp_path / "web.yaml", tmp_path / name], tmp_path, None)


def test_a_folder_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sternway_steps.scaffold.files._MOST_FILES", 2)
    write(tmp_path, a="", b="", c="")
    with pytest.raises(Refused, match="over 2 files"):
        look([], tmp_path, None)
