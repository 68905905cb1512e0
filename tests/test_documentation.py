"""What the pages for people outside say is there, is there."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
from dataclasses import dataclass

import pytest
import sternway_steps
import yaml

from tests.conftest import ROOT
from tests.helpers import until

STEPS = ROOT / "steps/sternway_steps"
SERVER = ROOT / "tests/app/server.py"


def test_the_architecture_names_every_room_and_every_file_that_it_names_is_there() -> None:
    text = (ROOT / "docs/explanation/architecture.md").read_text()
    rooms = [path.name for path in STEPS.iterdir() if (path / "__init__.py").exists()]
    assert [name for name in rooms if f"`{name}/`" not in text] == []
    files = re.findall(r"`((?:templates/)?[\w/]+\.py)`", text)
    assert files
    assert [name for name in files if not (STEPS / name).exists() and not (ROOT / name).exists()] == []


def test_the_changelog_has_one_section_a_version_with_the_newest_first() -> None:
    versions = re.findall(r"^## (\S+?),? ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == sternway_steps.__version__
    assert len(versions) == len(set(versions))


def test_what_contributors_run_is_what_the_workflow_runs() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yaml").read_text())
    runs = "\n".join(step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"])
    for command in (
        ".ci/run",
        '-m "not slow and not cluster" tests/unit tests/component',
        "tests/app",
        "localhost/busybox:1",
        "-c .ci/constraints.txt",
    ):
        assert command in runs, command
        assert command in contributing, command
    assert workflow["permissions"] == {"contents": "read"}
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    for hook in hooks:
        assert (hook["language"], hook["entry"].split()[0].partition("/")[0]) == ("system", ".venv")
        assert hook["entry"].removesuffix(" --force-exclude").removeprefix(".venv/bin/") in contributing


@pytest.mark.parametrize(
    ("mode", "path", "status", "text"),
    [
        ("ok", "/ready", 200, "ready"), ("ok", "/", 200, "app 7 on "), ("unready", "/ready", 503, "not ready"), ("unready", "/", 200, "app 7"),
        ("slow", "/ready", 503, "not ready"), ("hang", "/ready", 200, "ready"), ("hang", "/", 0, ""),
    ],
)  # fmt: skip
def test_the_service_that_tests_deploy_is_good_and_bad_on_demand(mode: str, path: str, status: int, text: str) -> None:
    """On other people's clusters it stands for the images of our own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {"APP_MODE": mode, "APP_VERSION": "7", "APP_AFTER": "1h", "PORT": str(port)}
    with subprocess.Popen([sys.executable, str(SERVER)], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # fmt: skip
        try:
            answer = until(lambda: _get(port, path), 20, "it listens")
        finally:
            process.terminate()
    assert process.returncode == 0
    assert (answer.status, answer.text[: len(text)]) == (status, text)


def test_the_service_that_crashes_says_why() -> None:
    crash = subprocess.run([sys.executable, str(SERVER)], env={"APP_MODE": "crash"}, capture_output=True, text=True, check=False)  # fmt: skip
    assert (crash.returncode, "password authentication failed" in crash.stderr) == (1, True)


@dataclass(frozen=True)
class Answer:
    """0 for a connection that was taken and not answered."""

    status: int
    text: str


def _get(port: int, path: str) -> Answer | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return Answer(response.status, response.read().decode())
    except TimeoutError:
        return Answer(0, "")
    except ConnectionError:
        return None
    finally:
        connection.close()
