"""A run whose steps come from two packages, each in an image of its own that has neither the other nor all of ours.

The second package is the one of steps/README.md, word by word: its module, its entry point, its Dockerfile.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status

from tests.cluster.image.conftest import FLAG_STEP, Container, docker, package_image
from tests.cluster.image.test_image import attempts, story
from tests.conftest import ROOT, Cluster
from tests.helpers import config_map

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
PAGE = (ROOT / "steps/README.md").read_text()


def block(after: str, language: str) -> str:
    """Return the page's first block of a language after some words."""
    return PAGE.split(after, 1)[1].split(f"```{language}\n", 1)[1].split("```", 1)[0]


@pytest.fixture(scope="module")
def notice_image(step_image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("notice-step")
    (folder / "notice_step.py").write_text(block("<!-- notice_step.py -->", "python"))
    build = (FLAG_STEP / "pyproject.toml").read_text().split("[project]")[0]
    files = '[tool.hatch.build.targets.wheel]\ninclude = ["notice_step.py"]\n'
    project = '[project]\nname = "notice-step"\nversion = "1.0"\n'
    (folder / "pyproject.toml").write_text(f"{build}{project}{block('## Your package', 'toml')}{files}")
    dockerfile = block("Build the image FROM", "dockerfile")
    (folder / "Dockerfile").write_text(dockerfile.replace("FROM sternway-step ", f"FROM {step_image}\n"))
    return package_image(folder, "localhost/notice-step:dev")


class Shop:
    """The containers of one pipeline, the page that visitors are shown, and a ConfigMap with a flag."""

    def __init__(self, cluster: Cluster, images: dict[str, str], folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        features = config_map("features", checkout="off")
        features["metadata"]["namespace"] = cluster.namespace
        cluster.client.create(features, manager="test")
        for name in ("config", "kube", "page"):
            (folder / name).mkdir()
        folder.chmod(0o755)
        (folder / "page").chmod(0o777)
        (folder / "page/notice").write_text("all is well")
        (folder / "page/notice").chmod(0o666)
        (folder / "kube/config").write_text(Path(cluster.kubeconfig).read_text())
        (folder / "kube/config").chmod(0o644)
        self.there = Container(images, folder / "config", folder / "kube/config")
        self.write()

    def write(self, **more: Any) -> None:
        flag = {"name": "flag", "with": {"configMap": "features", "key": "checkout", "value": "on"}}
        notice = {"name": "notice", "with": {"file": "/page/notice"}}
        keys = {"name": "web", "namespace": self.cluster.namespace, "image": "localhost/app:1"}
        steps = ["validate", notice, flag, "deploy"]
        (self.folder / "config/sternway.yaml").write_text(yaml.safe_dump({**keys, "steps": steps, **more}))

    def step(self, name: str, action: str) -> subprocess.CompletedProcess[str]:
        page = ("-v", f"{self.folder}/page:/page")
        return docker("run", "--rm", *page, *self.there.arguments(name, action), check=False)

    @property
    def state(self) -> tuple[str, str, bool]:
        found = self.cluster.get("v1", "ConfigMap", "features")
        assert found is not None
        deployed = self.cluster.get("apps/v1", "Deployment", "web") is not None
        return (self.folder / "page/notice").read_text(), found["data"]["checkout"], deployed


@pytest.fixture
def shop(real: Cluster, images: dict[str, str], flag_image: str, notice_image: str, tmp_path: Path) -> Shop:
    return Shop(real, {**images, "flag": flag_image, "notice": notice_image}, tmp_path)


BEFORE, AFTER = ("all is well", "off", False), ("back in a moment", "on", True)


def test_each_step_runs_in_its_own_image_and_is_undone_there(shop: Shop) -> None:
    refused = shop.step("validate", "execute")
    assert refused.returncode == Exit.REFUSED
    for name in ("notice", "flag"):
        assert f"there is no step '{name}'" in refused.stderr
        assert f"sternway steps --declared {name}" in refused.stderr
        image = shop.there.images[name]
        printed = docker(
            "run", "--rm", "--network", "none", "--entrypoint", "sternway", image, "steps", "--declared", name
        )
        (shop.folder / f"config/{name}.yaml").write_text(printed.stdout)
    shop.write(extends=["notice.yaml", "flag.yaml"])
    for name in ("validate", "notice", "flag", "deploy"):
        done = shop.step(name, "execute")
        assert done.returncode == 0, done.stdout + done.stderr
    assert shop.state == AFTER
    for name in ("deploy", "flag", "notice"):
        undone = shop.step(name, "rollback")
        assert undone.returncode == 0, undone.stdout + undone.stderr
    assert shop.state == BEFORE
    assert attempts(shop.cluster) == [
        "validate execute done", "notice execute done", "flag execute done", "deploy execute done",
        "deploy rollback done", "flag rollback done", "notice rollback done",
    ]  # fmt: skip


def test_an_undo_in_an_image_that_has_one_of_them_names_the_other_and_is_finished_in_its_own(shop: Shop) -> None:
    """Neither needs the configuration: what the steps say of themselves is in the run's record."""
    names = ("notice", "flag")
    specs = [
        docker("run", "--rm", "--entrypoint", "sternway", shop.there.images[n], "steps", "--declared") for n in names
    ]
    shop.write(declared={k: v for each in specs for k, v in yaml.safe_load(each.stdout)["declared"].items()})
    for name in ("validate", "notice", "flag", "deploy"):
        done = shop.step(name, "execute")
        assert done.returncode == 0, done.stdout + done.stderr
    told = story(shop.cluster)
    assert told is not None
    ends = []
    for name in ("flag", "notice"):
        page = ("-v", f"{shop.folder}/page:/page", "--entrypoint", "sternway")
        words = shop.there.arguments(name, "rollback", f"{shop.cluster.namespace}/{told.run}")[:-2]
        done = docker("run", "--rm", *page, *words, check=False)
        ends.append((done.returncode, shop.state))
        if name == "flag":
            assert "notice: no package that is installed here declares the step 'notice'" in done.stdout + done.stderr
    assert ends == [(Exit.ROLLBACK_FAILED, ("back in a moment", "off", False)), (Exit.DONE, BEFORE)]
    undone = story(shop.cluster)
    assert undone is not None
    assert undone.status is Status.UNDONE
