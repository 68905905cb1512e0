"""The text of a first configuration."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from sternway_steps.config.manifest import Manifest
from sternway_steps.scaffold.start import Dockerfile, Manifests, Rendered, Start
from sternway_steps.scaffold.text import Answers, guess, write

from tests.helpers import config_map, deployment


def manifests(*objects: dict[str, Any]) -> Manifests:
    return Manifests(("k8s/",), tuple(Manifest(obj, "test:1") for obj in objects))


def placed(obj: dict[str, Any], namespace: str) -> dict[str, Any]:
    return {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}


@pytest.mark.parametrize("spec", [[], {"containers": 1}, {"template": []}, {"template": {"spec": {"containers": [1]}}}])
def test_objects_of_odd_types_tell_no_image(spec: object) -> None:
    odd = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": 7}, "spec": spec}
    assert guess(Start(manifests(odd), Dockerfile(".", "Dockerfile"), "x")) == Answers("x", "7")


@pytest.mark.parametrize(
    ("objects", "name", "namespace"),
    [
        ([deployment("web"), config_map("settings")], "web", ""),
        ([deployment("web"), deployment("api")], "my-shop", ""),
        ([config_map("settings")], "my-shop", ""),
        ([placed(deployment("web"), "shop"), config_map("settings")], "web", "shop"),
        ([placed(deployment("web"), "shop"), placed(config_map("settings"), "other")], "web", ""),
        ([{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"}}], "nightly", ""),
    ],
)
def test_name_and_namespace_are_those_of_the_objects(objects: list[dict[str, Any]], name: str, namespace: str) -> None:
    assert guess(Start(manifests(*objects), None, "My Shop")) == Answers(name, namespace)


def test_the_one_image_of_the_manifests_is_what_the_dockerfile_makes() -> None:
    start = Start(manifests(deployment("web", "r.example/web:1")), Dockerfile(".", "Dockerfile", 80), "x")
    assert guess(start).image == "r.example/web:1"
    text = write(start, guess(start)).text
    assert yaml.safe_load(text) == {
        "name": "web",
        "manifests": ["k8s/"],
        "build": {"image": "r.example/web:1", "context": "."},
    }
    two = Start(manifests(deployment("web", "a:1"), deployment("api", "b:1")), Dockerfile(".", "Dockerfile"), "x")
    assert guess(two).image == ""
    assert "build" not in yaml.safe_load(write(two, guess(two)).text)
    assert "# Dockerfile is not built" in write(two, guess(two)).text


def test_what_is_in_a_comment_is_a_section_that_can_be_taken_as_it_is() -> None:
    start = Start(
        manifests(deployment("web", "a:1"), deployment("api", "b:1")), Dockerfile("web", "Containerfile"), "x"
    )
    text = write(start, guess(start)).text.partition("it makes:\n")[2]
    section = "".join(line.removeprefix("# ") + "\n" for line in text.splitlines())
    assert yaml.safe_load(section) == {
        "build": {"image": "registry.example/web:1", "context": "web", "dockerfile": "Containerfile"}
    }


def test_a_chart_is_named_with_its_hooks_and_its_namespace() -> None:
    chart = Start(
        Rendered("the Helm chart chart", "shop", "chart", "helm dependency build ./chart", True, True), None, "x"
    )
    assert guess(chart) == Answers("shop", "default")
    written = write(chart, Answers("shop", "prod"))
    assert written.before == ("helm dependency build ./chart",)
    assert yaml.safe_load(written.text) == {
        "name": "shop",
        "namespace": "prod",
        "chart": {"path": "chart"},
        "hooks": "run",
    }


def test_a_kustomization_is_named_by_its_folder() -> None:
    start = Start(Rendered("the kustomization prod", "prod", "overlays/prod"), None, "x")
    written = write(start, guess(start))
    assert (yaml.safe_load(written.text), written.before) == ({"name": "prod", "kustomize": "overlays/prod"}, ())


def test_nothing_gives_the_smallest_example() -> None:
    start = Start(None, None, "Shop_2")
    assert yaml.safe_load(write(start, guess(start)).text) == {
        "name": "shop-2",
        "image": "docker.io/library/nginx:1.28",
        "port": 80,
    }


@pytest.mark.parametrize("port", [8080, None])
def test_a_dockerfile_gives_its_port(port: int | None) -> None:
    start = Start(None, Dockerfile("app", "Dockerfile", port), "web")
    assert guess(start) == Answers("web")
    read = yaml.safe_load(write(start, Answers("web", image="r.example/web:1")).text)
    assert read == {
        "name": "web",
        "image": "r.example/web:1",
        **({"port": port} if port else {}),
        "build": {"context": "app"},
    }


@pytest.mark.parametrize("text", ["yes", "1", "a: b", "- x", "ünïcode/", "it's", "null", "*.yaml"])
def test_words_of_yaml_stay_texts(text: str) -> None:
    start = Start(Manifests((text,), ()), None, text)
    assert yaml.safe_load(write(start, Answers("web", text)).text) == {
        "name": "web",
        "namespace": text,
        "manifests": [text],
    }


@pytest.mark.parametrize(
    ("folder", "name"), [("My Shop!", "my-shop"), ("___", "web"), ("a" * 80, "a" * 63), ("-a-", "a")]
)
def test_a_folder_is_made_a_name(folder: str, name: str) -> None:
    assert guess(Start(None, None, folder)).name == name


def test_the_schema_is_named_first() -> None:
    start = Start(None, None, "web")
    assert write(start, guess(start), "./s.json").text.startswith(
        "# yaml-language-server: $schema=./s.json\nname: web\n"
    )
