"""Every scenario of saga/ in one process, on the sandbox and on a real cluster. tests/argo plays the same on Argo."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sternway_steps.journal.replay import Story
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import command, sternway
from tests.scenarios.hurdles import RealHurdles, SandboxHurdles
from tests.scenarios.saga import SCENARIOS, Hurdles, Scenario, play
from tests.scenarios.test_fates import needs_registry


class OneProcess:
    """`sternway run`, as a process of its own."""

    kind = "process"

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.client, self.namespace = cluster.client, cluster.namespace
        self.unready = "" if cluster.real else "5s"
        self._kubeconfig, self._folder = cluster.kubeconfig, folder
        self._before: set[str] = set()
        self._process: subprocess.Popen[str] | None = None

    def good(self, files: Mapping[str, str]) -> None:
        done = sternway("run", "--config", self._written(files), kubeconfig=self._kubeconfig)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, files: Mapping[str, str]) -> None:
        with Session(kubeconfig=self._kubeconfig, namespace=self.namespace) as session:
            self._before = {story.run for story in session.runs()}
        self._process = subprocess.Popen(
            command("run", "--kubeconfig", self._kubeconfig, "--config", self._written(files)),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def story(self) -> Story | None:
        with Session(kubeconfig=self._kubeconfig, namespace=self.namespace) as session:
            mine = [story.run for story in session.runs() if story.run not in self._before]
            return session.story(mine[0]) if mine else None

    def _written(self, files: Mapping[str, str]) -> str:
        for name, text in files.items():
            (self._folder / name).write_text(text)
        return str(self._folder / "sternway.yaml")

    def act(self, do: str) -> None:
        assert self._process is not None
        if do in ("stop", "delete"):  # who deletes a pod sends its process this signal
            self._process.send_signal(signal.SIGTERM)

    def ended(self) -> int:
        assert self._process is not None
        self._process.communicate(timeout=240)
        return self._process.returncode

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@pytest.fixture
def hurdles(cluster: Cluster) -> Iterator[Hurdles]:
    made: Hurdles
    made = SandboxHurdles(cluster.sandbox) if cluster.sandbox else RealHurdles(cluster.client, cluster.namespace)
    yield made
    made.remove()


@pytest.fixture
def process(cluster: Cluster, tmp_path: Path) -> Iterator[OneProcess]:
    made = OneProcess(cluster, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario, cluster: Cluster, process: OneProcess, hurdles: Hurdles) -> None:
    if "nope" in str(scenario.change):
        needs_registry(cluster)
    play(scenario, process, hurdles)
