"""Images that are built and not deployed, or deployed and not built; and names as Docker reads them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config.built_images import image_warnings
from sternway_steps.errors import Refused
from sternway_steps.objects.image_digests import with_digests
from sternway_steps.objects.image_name import normalised, split
from sternway_steps.registry.load import load

from tests.helpers import deployment


@pytest.mark.parametrize(
    ("image", "whole"),
    [
        ("web", "docker.io/library/web:latest"),
        ("web:1", "docker.io/library/web:1"),
        ("docker.io/web:1", "docker.io/library/web:1"),
        ("index.docker.io/library/web:1", "docker.io/library/web:1"),
        ("team/web:1", "docker.io/team/web:1"),
        ("localhost/web:1", "localhost/web:1"),
        ("Registry/web:1", "Registry/web:1"),
        ("registry.example:5000/a/b", "registry.example:5000/a/b:latest"),
        ("registry.example/a:1@sha256:0f", "registry.example/a:1@sha256:0f"),
        ("web@sha256:0f", "docker.io/library/web@sha256:0f"),
    ],
)
def test_names_as_docker_reads_them(image: str, whole: str) -> None:
    assert normalised(image) == whole
    assert split(image)[2] == ("" if whole.endswith(":latest") and ":latest" not in image else split(whole)[2])


@pytest.mark.parametrize("built", ["web:1", "docker.io/library/web:1", "index.docker.io/library/web:1"])
@pytest.mark.parametrize("named", ["web:1", "docker.io/library/web:1", "index.docker.io/library/web:1"])
def test_the_digest_of_a_build_reaches_the_image_however_it_is_written(built: str, named: str) -> None:
    (found,) = with_digests([deployment("web", named)], {built: "sha256:0f"})
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == f"{named}@sha256:0f"


def warnings(folder: Path, named: str, steps: Any = ("build", "deploy"), **build: Any) -> list[str]:
    file = folder / "sternway.yaml"
    keys = {"name": "t", "manifests": ["-"], "steps": list(steps), "build": {"image": "r.example/web:1", **build}}
    file.write_text(json.dumps(keys))
    return image_warnings(load(file, stdin=io.StringIO(json.dumps(deployment("web", named)))))


def test_what_is_built_and_what_is_deployed_are_held_against_each_other(tmp_path: Path) -> None:
    assert warnings(tmp_path, "r.example/web:1") == []
    assert warnings(tmp_path, "index.docker.io/library/web:1", image="web:1") == []
    unnamed = "r.example/web:1 is built by build, and no manifest names it"
    assert warnings(tmp_path, "r.example/api:1") == [unnamed]
    assert warnings(tmp_path, "r.example/web:2") == [
        unnamed, "stdin:1: no build makes r.example/web:2; built is r.example/web:1"
    ]  # fmt: skip
    assert warnings(tmp_path, "r.example/web:2@sha256:0f") == [unnamed]
    assert warnings(tmp_path, "r.example/api:1", steps=["build"]) == []


def test_two_steps_that_build_one_image_are_found_however_they_write_it(tmp_path: Path) -> None:
    steps = ["build", {"name": "again", "uses": "build", "with": {"image": "docker.io/library/web:1"}}, "deploy"]
    with pytest.raises(Refused, match=r"docker.io/library/web:1 is built by steps\[0\] already"):
        warnings(tmp_path, "web:1", steps=steps, image="web:1")
