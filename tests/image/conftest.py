"""The step images, built once, and a way to run them as a person does."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

BASE = os.environ.get("STERNWAY_TEST_BASE_IMAGE", "localhost/python:3.11-slim")
STEPS = ("validate", "deploy", "verify", "command")


def docker(*arguments: str, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


def inspect(image: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(docker("image", "inspect", image).stdout)
    return found[0]


@pytest.fixture(scope="session")
def images() -> dict[str, str]:
    """Build every target; gives the images' names by step."""
    try:
        docker("info")
    except (OSError, AssertionError) as error:
        pytest.skip(f"no Docker engine: {error}")
    names = {}
    for step in STEPS:
        names[step] = f"localhost/sternway-{step}:dev"
        docker(
            "build", "--quiet", "--network", "host", "--build-arg", f"BASE_IMAGE={BASE}", "--build-arg",
            "REVISION=abc123", "-f", "image/Dockerfile", "--target", step, "-t", names[step], str(ROOT), timeout=1200,
        )  # fmt: skip
    return names


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
