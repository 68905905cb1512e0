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
PACKAGES = "${Package} ${Version}\n"


@pytest.mark.parametrize("step", ["deploy", "run", "build"])
def test_it_names_every_package_with_its_version(images: dict[str, str], build_image: str, step: str) -> None:
    """The images of validate, deploy, verify and command hold the same."""
    image = {**images, "build": build_image}[step]
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run([ROOT / "image/sbom", image], capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["bomFormat"] == "CycloneDX"
    version = docker("run", "--rm", "--entrypoint", "/opt/sternway/bin/python", image, "-V").stdout.split()[1]
    components = {(each["name"], each["version"]): each.get("purl", "") for each in told["components"]}
    debian = {each for each, purl in components.items() if purl.startswith("pkg:deb/debian/")}
    assert ("python", version) in components
    named = {canonicalize_name(name): number for name, number in set(components) - debian - {("python", version)}}
    inside = json.loads(docker("run", "--rm", "--entrypoint", "/opt/sternway/bin/python", image, "-c", LIST).stdout)
    assert {"sternway", "kubernetes"} <= set(inside)
    assert named == {canonicalize_name(name): version for name, version in inside.items()}
    listed = docker("run", "--rm", "--entrypoint", "dpkg-query", image, "-W", "-f", PACKAGES).stdout
    assert debian == {tuple(line.split()) for line in listed.splitlines()}
    assert ("git" in dict(debian), "dpkg" in dict(debian)) == (step == "build", True)
