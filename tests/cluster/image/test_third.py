"""The image of another package's step, made FROM ours as its Dockerfile says, against a real cluster."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cluster.image.conftest import STEP_IMAGE, Container, docker, inspect
from tests.conftest import Cluster
from tests.helpers import config_map

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]


def value(cluster: Cluster) -> str | None:
    found = cluster.get("v1", "ConfigMap", "features")
    assert found is not None
    return found["data"].get("checkout")


def test_it_is_one_step_and_runs_as_nobody(flag_image: str) -> None:
    config = inspect(flag_image)["Config"]
    assert (config["Entrypoint"], config["User"]) == (["sternway", "step", "flag"], "65532:65532")
    below, above = inspect(STEP_IMAGE)["RootFS"]["Layers"], inspect(flag_image)["RootFS"]["Layers"]
    assert above[: len(below)] == below
    listed = docker("run", "--rm", "--read-only", "--network", "none", "--entrypoint", "sternway", flag_image, "steps")
    assert "flag      flag-step 1.0.0" in listed.stdout
    missing = docker("run", "--rm", "--entrypoint", "sh", flag_image, "-c", "ls /tmp; command -v pip || true").stdout
    assert "pip" not in missing.replace("/usr/local/bin/pip", "")


@pytest.fixture
def there(real: Cluster, flag_image: str, tmp_path: Path) -> Container:
    """Give the container beside a pipeline and a ConfigMap with the flag."""
    features = config_map("features", checkout="off")
    features["metadata"]["namespace"] = real.namespace
    real.client.create(features, manager="test")
    for name in ("config", "kube"):
        (tmp_path / name).mkdir()
    tmp_path.chmod(0o755)
    flag = {"name": "checkout", "uses": "flag", "with": {"configMap": "features", "key": "checkout", "value": "on"}}
    keys = {"name": "web", "namespace": real.namespace, "image": "localhost/app:1", "steps": [flag, "deploy"]}
    (tmp_path / "config/sternway.yaml").write_text(yaml.safe_dump(keys))
    (tmp_path / "kube/config").write_text(Path(real.kubeconfig).read_text())
    (tmp_path / "kube/config").chmod(0o644)
    return Container({"flag": flag_image}, tmp_path / "config", tmp_path / "kube/config")


def as_step(there: Container, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the image for a step whose name in the pipeline is another one than the package's."""
    arguments = there.arguments("flag", "step", *words)
    return docker("run", "--rm", "--entrypoint", "sternway", *arguments, check=False)


def test_it_executes_and_rolls_back_against_a_real_cluster(real: Cluster, there: Container) -> None:
    done = as_step(there, "checkout", "execute")
    assert (done.returncode, value(real)) == (0, "on"), done.stdout + done.stderr
    for _ in range(2):
        undone = as_step(there, "checkout", "rollback")
        assert (undone.returncode, value(real)) == (0, "off"), undone.stdout + undone.stderr


def test_by_the_name_of_its_entrypoint(real: Cluster, there: Container) -> None:
    config = there.folder / "sternway.yaml"
    config.write_text(config.read_text().replace("name: checkout", "name: flag"))
    done = there.run("flag", "execute")
    assert (done.returncode, value(real)) == (0, "on"), done.stdout + done.stderr
    undone = there.run("flag", "rollback")
    assert (undone.returncode, value(real)) == (0, "off"), undone.stdout + undone.stderr


def test_an_image_without_the_package_names_it_or_knows_it_from_the_configuration(real: Cluster, there: Container) -> None:  # fmt: skip
    """On Argo every step has an image of its own; what is generated carries what the others say of themselves."""
    bare = Container({"deploy": STEP_IMAGE}, there.folder, there.kubeconfig)
    words = ("--entrypoint", "sternway", *bare.arguments("deploy", "step", "deploy", "execute"))
    refused = docker("run", "--rm", *words, check=False)
    assert refused.returncode == 3
    assert "there is no step 'flag'" in refused.stderr
    config = there.folder / "sternway.yaml"
    options = "{flag: {effects: reversible, options: [configMap, key, value]}}"
    config.write_text(f"{config.read_text()}declared: {options}\n")
    done = docker("run", "--rm", *words, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert real.get("apps/v1", "Deployment", "web") is not None
