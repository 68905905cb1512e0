"""The step images against a real Docker engine and a real cluster."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status, Story
from sternway_steps.session import Session

from tests.cluster.image.conftest import BASE, STEPS, TARGETS, Container, docker, inspect
from tests.conftest import ROOT, Cluster
from tests.helpers import state_of, until
from tests.scenarios.hurdles import RealHurdles
from tests.scenarios.saga import files

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
COMPRESSED, UNPACKED = 20_000_000, 60_000_000
"""Bytes that a step image may add to its base."""


@pytest.mark.parametrize("step", [*STEPS, "command"])
def test_each_target_is_one_step_and_runs_as_nobody(images: dict[str, str], step: str) -> None:
    config = inspect(images[step])["Config"]
    assert config["Entrypoint"] == ["sternway", "step", step]
    assert config["User"] == "65532:65532"
    assert config["Labels"]["org.opencontainers.image.revision"] == "abc123"
    assert {"title", "description", "licenses", "version"} <= {key.rpartition(".")[2] for key in config["Labels"]}
    shown = docker("run", "--rm", "--read-only", "--network", "none", images[step], "--help").stdout
    assert "sternway step" in shown


@pytest.mark.parametrize(("step", "more"), [("deploy", ["cryptography"]), ("run", ["docker", "cryptography"])])
def test_the_image_holds_what_a_step_needs_and_no_more(images: dict[str, str], step: str, more: list[str]) -> None:
    packages = (
        "sternway_steps", "sternway_templates", "sternway_steps.sandbox", "sternway_steps.testing", "hera", "pytest", "pip",
        "werkzeug", "jsonpatch", "docker", "aiohttp", "multidict", "kubernetes.aio", "kubernetes.client.models.v1_pod", "cryptography",
        "pygments", "markdown_it", "mdurl",
    )  # fmt: skip
    code = f"import importlib.util as u, json; print(json.dumps([n for n in {packages!r} if u.find_spec(n)]))"
    found = docker("run", "--rm", "--entrypoint", "/opt/sternway/bin/python", images[step], "-c", code).stdout
    assert json.loads(found) == ["sternway_steps", *more]


@pytest.mark.parametrize(
    ("words", "package"),
    [
        (("template", "-o", "-"), "sternway_templates"),
        (("runs", "--sandbox"), "sternway_steps.sandbox"),
    ],
)
def test_what_the_image_leaves_out_is_said_in_one_line(images: dict[str, str], words: tuple[str, ...], package: str) -> None:  # fmt: skip
    done = docker("run", "--rm", "--read-only", "--network", "none", images["run"], *words, check=False)
    assert (done.returncode, done.stdout) == (Exit.REFUSED, "")
    left_out = f"needs {package}, which the step images leave out: pip install 'sternway[all]'"
    assert done.stderr.splitlines() == [
        f"error: {words[0] if package == 'sternway_templates' else '--sandbox'} {left_out}"
    ]


def test_what_it_adds_to_its_base_is_small(images: dict[str, str], tmp_path: Path) -> None:
    below, above = inspect(BASE), inspect(images["deploy"])
    layers = below["RootFS"]["Layers"]
    assert above["RootFS"]["Layers"][: len(layers)] == layers
    added = _layers(images["deploy"], tmp_path)[len(layers) :]
    assert sum(added) < COMPRESSED, added
    assert above["Size"] - below["Size"] < UNPACKED


def _layers(image: str, folder: Path) -> list[int]:
    """Give the compressed sizes of an image's layers, lowest first."""
    docker("save", "-o", str(folder / "image.tar"), image)
    shutil.unpack_archive(folder / "image.tar", folder / "image")
    manifest = json.loads((folder / "image" / "manifest.json").read_text())[0]
    return [_packed(folder / "image" / layer) for layer in manifest["Layers"]]


def _packed(path: Path) -> int:
    counted = io.BytesIO()
    with path.open("rb") as plain, gzip.GzipFile(fileobj=counted, mode="wb", compresslevel=6) as packed:
        shutil.copyfileobj(plain, packed, 1 << 20)
    return counted.tell()


def container(cluster: Cluster, images: dict[str, str], folder: Path, texts: Mapping[str, str]) -> Container:
    """Give what runs a pipeline's steps in containers."""
    for name in ("config", "kube"):
        (folder / name).mkdir(exist_ok=True)
    folder.chmod(0o755)
    for name, text in texts.items():
        (folder / "config" / name).write_text(text)
    (folder / "kube/config").write_text(Path(cluster.kubeconfig).read_text())
    (folder / "kube/config").chmod(0o644)
    return Container(images, folder / "config", folder / "kube/config")


def story(cluster: Cluster) -> Story | None:
    """Tell the newest run."""
    with Session(kubeconfig=cluster.kubeconfig, namespace=cluster.namespace) as session:
        runs = session.runs()
        return session.story(runs[0].run) if runs else None


def attempts(cluster: Cluster) -> list[str]:
    told = story(cluster)
    return [f"{a.step} {a.action.value} {a.result}" for a in told.attempts] if told else []


def test_the_steps_of_a_run_called_by_hand(real: Cluster, images: dict[str, str], tmp_path: Path) -> None:
    there = container(real, images, tmp_path, files(real.namespace, 1, {}))
    for step in ("validate", "deploy", "verify"):
        done = there.run(step, "execute")
        assert done.returncode == 0, done.stdout + done.stderr
    assert attempts(real) == ["validate execute done", "deploy execute done", "verify execute done"]
    told = story(real)
    assert told is not None
    assert told.status is Status.SUCCEEDED
    before = state_of(real.get("apps/v1", "Deployment", "web"))

    there = container(real, images, tmp_path, files(real.namespace, 2, {"env": {"A": "new"}}))
    assert there.run("deploy", "execute").returncode == 0
    assert state_of(real.get("apps/v1", "Deployment", "web")) != before
    for _ in range(2):  # twice, for a rollback that already ran succeeds too
        undone = there.run("deploy", "rollback")
        assert undone.returncode == 0, undone.stdout + undone.stderr
    assert state_of(real.get("apps/v1", "Deployment", "web")) == before
    assert there.run("deploy", "execute").returncode == 0
    assert attempts(real) == ["deploy execute done"], "what is being undone is not gone on with: this is a new run"


@pytest.mark.parametrize("hanging", [False, True], ids=["while it waits", "while a request hangs"])
def test_sigterm_seals_the_attempt_before_it_is_killed(real: Cluster, images: dict[str, str], tmp_path: Path, hanging: bool) -> None:  # fmt: skip
    texts = files(real.namespace, 1, {"env": {"APP_MODE": "unready"}})
    there = container(real, images, tmp_path, texts)
    hurdles = RealHurdles(real.client, real.namespace)
    if hanging:
        real.client.create({**yaml.safe_load(texts["settings.yaml"]), "metadata": {"name": "settings", "namespace": real.namespace}}, manager="test")  # fmt: skip
        hurdles.place("hang", "configmaps", "settings", dry=False)
    else:
        assert there.run("deploy", "execute").returncode == 0
    step, name = "deploy" if hanging else "verify", f"sternway-{real.namespace}"
    docker("run", "-d", "--name", name, *there.arguments(step, "execute"))
    try:
        until(lambda: f"{step} execute " in attempts(real), 60, f"{step} works")
        docker("stop", "-t", "2", name)  # after two seconds it is killed, and ends with 137
        state = json.loads(docker("inspect", name).stdout)[0]["State"]
    finally:
        docker("rm", "-f", name)
        hurdles.remove()
    assert state["ExitCode"] == Exit.STOPPED
    assert attempts(real)[-1] == f"{step} execute stopped"
    assert there.run("deploy", "rollback").returncode == 0
    assert real.get("apps/v1", "Deployment", "web") is None


def test_the_five_mistakes(real: Cluster, images: dict[str, str], tmp_path: Path) -> None:
    there = container(real, images, tmp_path, files(real.namespace, 1, {}))
    mistakes: Mapping[str, tuple[subprocess.CompletedProcess[str], int, str]] = {
        "an action that is none": (there.run("deploy", "exceute"), Exit.USAGE, "'execute', 'rollback'"),
        "no such step": (docker("run", "--rm", "--entrypoint", "sternway", *there.arguments("deploy", "step", "build", "execute"), check=False), Exit.REFUSED, "it has: validate, deploy, verify"),
        "no file": (docker("run", "--rm", images["deploy"], "execute", "--config", "/nix.yaml", check=False), Exit.USAGE, "/nix.yaml: the file can't be read"),
        "a typo": (docker("run", "--rm", *there.arguments("deploy", "execute", "--set", "replica=1"), check=False), Exit.USAGE, "did you mean 'replicas'?"),
        "no cluster": (docker("run", "--rm", "--network", "none", "-v", f"{there.folder}:/config:ro", images["deploy"], "execute", "--config", "/config/sternway.yaml", check=False), Exit.REFUSED, "no cluster is configured"),
    }  # fmt: skip
    for what, (done, code, words) in mistakes.items():
        assert (done.returncode, words in done.stderr) == (code, True), (what, done.stdout, done.stderr)
    assert real.get("apps/v1", "Deployment", "web") is None


def test_the_bake_file_names_every_target() -> None:
    bake = (ROOT / "image/docker-bake.hcl").read_text()
    dockerfile = (ROOT / "image/Dockerfile").read_text()
    targets = [line.split()[-1] for line in dockerfile.splitlines() if line.startswith("FROM step AS ")]
    assert targets == [*TARGETS, "build"]
    assert json.dumps(targets) in bake


def test_a_command_in_an_image_of_its_own_is_journaled_by_ours(real: Cluster, images: dict[str, str], tmp_path: Path) -> None:  # fmt: skip
    """As on Argo: our image keeps the journal, the user's runs beside it as a Job and holds nothing of ours."""
    step = {
        "name": "command", "image": "localhost/busybox:1", "runner": "kubernetes", "user": 65532, "effects": "reversible",
        "execute": ["sh", "-c", "echo up as $(id -u); exit 4"], "rollback": ["sh", "-c", "echo down"],
    }  # fmt: skip
    there = container(real, images, tmp_path, files(real.namespace, 1, {"steps": [step]}))
    done = there.run("command", "execute")
    assert (done.returncode, "| up as 65532" in done.stdout) == (Exit.FAILED, True), done.stdout + done.stderr
    undone = there.run("command", "rollback")
    assert (undone.returncode, "| down" in undone.stdout) == (0, True), undone.stdout + undone.stderr
    assert attempts(real) == ["command execute failed", "command rollback done"]
