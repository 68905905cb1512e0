"""The SBOM of each step image: CycloneDX, with all that is in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.cluster.image.conftest import docker
from tests.conftest import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
LIST = "from importlib import metadata as m; import json; print(json.dumps({d.name: d.version for d in m.distributions()}))"


@pytest.mark.parametrize("step", ["deploy", "run", "build"])
def test_it_names_every_package_with_its_version(images: dict[str, str], build_image: str, step: str) -> None:
    """The images of validate, deploy, verify and command hold the same."""
    image = {**images, "build": build_image}[step]
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run([ROOT / "image/sbom", image], capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["bomFormat"] == "CycloneDX"
    named = {canonicalize_name(each["name"]): each["version"] for each in told["components"]}
    inside = json.loads(docker("run", "--rm", "--entrypoint", "/opt/sternway/bin/python", image, "-c", LIST).stdout)
    assert {"sternway", "kubernetes"} <= set(inside)
    assert named == {canonicalize_name(name): version for name, version in inside.items()}
    debian = docker("run", "--rm", "--entrypoint", "dpkg-query", image, "-W").stdout
    assert ("\ngit\t" in debian, "\ndpkg\t" in debian) == (step == "build", True)
