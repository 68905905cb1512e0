"""The step images, built once, and a way to run them as a person does."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

BASE = os.environ.get("STERNWAY_TEST_BASE_IMAGE", "localhost/python:3.11-slim")
REGISTRY = os.environ.get("STERNWAY_TEST_REGISTRY", "localhost:5000")
"""Where the cluster's nodes pull from too."""
GIVEN = os.environ.get("STERNWAY_TEST_IMAGE", "")
FLAG_STEP = ROOT / "templates/examples/flag-step"
STEP_IMAGE = "localhost/sternway-step:dev"
STEPS = ("validate", "deploy", "verify")
TARGETS = (*STEPS, "command", "run")
SOCKET = "/var/run/docker.sock"


@contextmanager
def alone() -> Iterator[None]:
    """Build while no other process of the tests does: what it has built is then there, layer by layer."""
    with (Path(tempfile.gettempdir()) / "sternway-test-images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def docker(*arguments: str, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


def inspect(image: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(docker("image", "inspect", image).stdout)
    return found[0]


@pytest.fixture(scope="session")
def images() -> dict[str, str]:
    """Build every target but `build`; gives the images' ids by step."""
    try:
        docker("info")
    except (OSError, AssertionError) as error:
        pytest.skip(f"no Docker engine: {error}")
    names = {}
    with alone():
        for step in TARGETS:
            names[step] = docker(
                "build", "--quiet", "--network", "host", "--build-arg", f"BASE_IMAGE={BASE}", "--build-arg",
                "REVISION=abc123", "-f", "image/Dockerfile", "--target", step, "-t", f"localhost/sternway-{step}:dev", str(ROOT), timeout=1200,
            ).stdout.strip()  # fmt: skip
    return names


@pytest.fixture(scope="session")
def build_image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build the target `build` with this machine's own client, which no registry has to give; gives its id."""
    client = shutil.which("docker", path="/usr/bin:/usr/local/bin")
    if client is None or not Path(SOCKET).exists():
        pytest.skip("no Docker engine")
    folder = tmp_path_factory.mktemp("client")
    shutil.copy(client, folder / "docker")
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY docker /docker\n")
    with alone():
        docker("build", "-q", "-t", "localhost/sternway-test-client", str(folder))
        return docker(
            "build", "-q", "--network", "host", "--build-arg", f"BASE_IMAGE={BASE}", "--build-arg",
            "CLIENT_IMAGE=localhost/sternway-test-client", "--build-arg", "CLIENT=/docker", "--build-arg", "REVISION=abc123",
            "-f", "image/Dockerfile", "--target", "build", "-t", "localhost/sternway-build:dev", str(ROOT), timeout=1200,
        ).stdout.strip()  # fmt: skip


@pytest.fixture(scope="session")
def step_image() -> str:
    """Build the target that images of other packages' steps are made from."""
    try:
        docker("info")
    except (OSError, AssertionError) as error:
        pytest.skip(f"no Docker engine: {error}")
    if find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed, which builds packages: pip install hatchling")
    with alone():
        docker(
            "build", "--quiet", "--network", "host", "--build-arg", f"BASE_IMAGE={BASE}",
            "-f", "image/Dockerfile", "--target", "step", "-t", STEP_IMAGE, str(ROOT), timeout=1200,
        )  # fmt: skip
    return STEP_IMAGE


@pytest.fixture(scope="session")
def flag_image(step_image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build the example's package and its image, as its README says."""
    # Beside the checkout: building leaves nothing in it.
    folder = tmp_path_factory.mktemp("flag-step")
    shutil.copytree(FLAG_STEP, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("dist", "build"))
    return package_image(folder, "localhost/flag-step:dev", "--build-arg", f"STEP={step_image}")


def package_image(folder: Path, name: str, *arguments: str) -> str:
    """Build the wheel of a package, and the image of its Dockerfile, without any network; return the image's name."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", "."],
        cwd=folder, check=True,
    )  # fmt: skip
    docker("build", "--quiet", "--network", "none", *arguments, "-t", name, str(folder))
    return name


@dataclass
class Container:
    """Runs a step's image with all that the restricted Pod Security Standard asks for."""

    images: dict[str, str]
    folder: Path
    kubeconfig: Path

    def arguments(self, step: str, *words: str) -> list[str]:
        return [
            "--network", "host", "--read-only", "--tmpfs", "/tmp:mode=1777", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges", "-e", "KUBECONFIG=/kube/config",
            "-v", f"{self.folder}:/config:ro", "-v", f"{self.kubeconfig.parent}:/kube:ro",
            self.images[step], *words, "--config", "/config/sternway.yaml",
        ]  # fmt: skip

    def run(self, step: str, *words: str) -> subprocess.CompletedProcess[str]:
        return docker("run", "--rm", *self.arguments(step, *words), check=False)


@pytest.fixture(scope="session")
def pushed(request: pytest.FixtureRequest) -> Iterator[str]:
    """Push the image that runs the whole saga to where the cluster's nodes pull from; gives it as argo.image is.

    STERNWAY_TEST_IMAGE names one that the nodes have.
    """
    if GIVEN:
        yield GIVEN
        return
    images: dict[str, str] = request.getfixturevalue("images")
    tag = f"test-{uuid.uuid4().hex[:8]}"
    name = f"{REGISTRY}/sternway-run:{tag}"
    docker("tag", images["run"], name)
    try:
        docker("push", "--quiet", name)
        yield f"{REGISTRY}/sternway-{{step}}:{tag}"
    finally:
        docker("rmi", name, check=False)
