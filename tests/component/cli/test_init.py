"""`sternway init` and what comes after it: for each kind of start, what it wrote is planned and run."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sternway_steps.cli.app import app
from sternway_steps.exits import Exit
from sternway_steps.sandbox import Sandbox

from tests.component.builtin.build import programs
from tests.component.builtin.build.registry import Registry
from tests.conftest import Cluster
from tests.helpers import command, sternway

OBJECTS = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: web, image: "IMAGE"}]}}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def init(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["init", *arguments])
    assert result.exit_code == code, result.output
    return result


def written(path: Path) -> str:
    """Give the text below the line for editors, which names a schema that is there."""
    line, _, text = path.read_text().partition("\n")
    assert line == "# yaml-language-server: $schema=sternway.schema.json"
    assert json.loads((path.parent / "sternway.schema.json").read_text())["$schema"].startswith(
        "http://json-schema.org/draft-07"
    )
    return text


def next_of(*arguments: str) -> list[str]:
    told = json.loads(init(*arguments, "--output", "json").stdout)
    assert told["type"] == "config-written"
    return list(told["next"])


def follow(commands: list[str], sandbox: Sandbox, home: Path) -> None:
    """Run what init says comes next, and what comes after a plan."""
    assert commands[-1] in ("sternway run", "sternway plan")
    for line in [*commands, *(["sternway run"] if commands[-1] == "sternway plan" else [])]:
        if not line.startswith("sternway "):
            subprocess.run(["sh", "-ec", line], cwd=home, check=True, timeout=60)
            continue
        done = sternway(*line.split()[1:], "--set", "namespace=default", kubeconfig=sandbox.kubeconfig, cwd=home)
        assert done.returncode == Exit.DONE, done.stdout + done.stderr
    (deployed,) = sandbox.store.all(("apps", "Deployment"))
    assert deployed["status"]["readyReplicas"] == deployed["spec"]["replicas"]


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    """Put a program on PATH that writes its arguments down and prints objects."""
    folder.mkdir(exist_ok=True)
    (folder / "objects").write_text(text)
    (folder / name).write_text(f'#!/bin/sh\necho "$@" >> {folder}/called\ncat {folder}/objects\n')
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_folder_of_manifests_with_leftovers_is_deployed(home: Path, sternway_sandbox: Sandbox) -> None:
    (home / "k8s").mkdir()
    (home / "k8s/web.yaml").write_text(OBJECTS.replace("IMAGE", "web:1"))
    (home / "k8s/kustomization.yaml").write_text("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
    (home / "k8s/values.yaml").write_text("replicas: 2\n")
    (home / "k8s/notes.json").write_text("[]")
    follow(next_of(), sternway_sandbox, home)
    assert written(home / "sternway.yaml") == "name: web\nmanifests:\n  - k8s/web.yaml\n"


def test_what_a_chart_renders_is_deployed(
    home: Path, sternway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: move, annotations: {helm.sh/hook: pre-upgrade}}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}\n"
    stand_in(home / "bin", monkeypatch, "helm", OBJECTS.replace("IMAGE", "web:1") + job)
    (home / "chart/templates").mkdir(parents=True)
    (home / "chart/Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    (home / "chart/templates/move.yaml").write_text("metadata: {annotations: {helm.sh/hook: pre-upgrade}}\n")
    commands = next_of()
    assert commands == ["sternway plan", "sternway run"]
    assert "namespace: default\nchart:\n  path: chart\nhooks: run" in written(home / "sternway.yaml")
    follow(commands, sternway_sandbox, home)
    called = "template web ./chart --namespace default --include-crds\n"
    assert (home / "bin/called").read_text() == 2 * called


def test_what_a_kustomization_renders_is_deployed(
    home: Path, sternway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(home / "bin", monkeypatch, "kubectl", OBJECTS.replace("IMAGE", "web:1"))
    for folder, below in (("base", "web.yaml"), ("prod", "../base")):
        (home / folder).mkdir()
        (home / folder / "kustomization.yaml").write_text(f"resources: [{below}]\n")
    commands = next_of()
    assert commands == ["sternway plan", "sternway run"]
    assert written(home / "sternway.yaml") == "name: prod\nkustomize: prod\n"
    follow(commands, sternway_sandbox, home)


@pytest.mark.cluster
def test_a_kustomization_is_deployed_on_a_real_cluster(home: Path, real: Cluster) -> None:
    """By the real kubectl; the file at hand is what a rollback takes, too."""
    for folder, text in (("base", "resources: [web.yaml]\n"), ("prod", "resources: [../base]\nnamePrefix: my-\n")):
        (home / folder).mkdir()
        (home / folder / "kustomization.yaml").write_text(text)
    (home / "base/web.yaml").write_text(OBJECTS.replace("IMAGE", "localhost/app:1"))
    for line in (*next_of("--namespace", real.namespace), "sternway rollback"):
        done = sternway(*line.split()[1:], kubeconfig=real.kubeconfig, cwd=home)
        assert done.returncode == Exit.DONE, done.stdout + done.stderr
        assert (real.get("apps/v1", "Deployment", "my-web") is not None) == (line == "sternway run")


def test_an_image_is_built_and_deployed(home: Path, sternway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.install(home / "bin", "docker")
    monkeypatch.setenv("PATH", f"{home}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("STANDIN", str(home))
    monkeypatch.setenv("DOCKER_CONFIG", str(home))
    (home / "Dockerfile").write_text("FROM scratch\nEXPOSE 8080\n")
    assert "sternway init --image" in init(code=Exit.REFUSED).stderr
    assert not (home / "sternway.yaml").exists()
    with Registry() as registry:
        follow(next_of("--image", f"{registry.host}/team/shop:1"), sternway_sandbox, home)
        (deployed,) = sternway_sandbox.store.all(("apps", "Deployment"))
        assert deployed["spec"]["template"]["spec"]["containers"][0]["image"].startswith(
            f"{registry.host}/team/shop:1@sha256:"
        )


def test_nothing_is_a_start_too(home: Path, sternway_sandbox: Sandbox) -> None:
    follow(next_of(), sternway_sandbox, home)
    assert init(code=Exit.REFUSED).stderr.splitlines()[0] == "error: sternway.yaml is there already"
    assert init("--force", "--name", "other").stdout.startswith("sternway.yaml deploys image ")
    assert written(home / "sternway.yaml").startswith("name: other\n")
    (home / "sternway.yaml").unlink()
    (home / "sternway.schema.json").write_text("{}")
    init()
    assert (home / "sternway.schema.json").read_text() == "{}", "what is there is not written over"
    assert "left out" not in init("--force").stdout


WRONG: dict[str, tuple[list[str], int, str]] = {
    "a name that is none": (["--name", "My Shop"], Exit.USAGE, "sternway.yaml:2:7: name: "),
    "no such folder to write to": (["-c", "nix/sternway.yaml"], Exit.REFUSED, "there is no folder nix"),
    "nothing there": (["nix"], Exit.REFUSED, "nix does not exist"),
    "an image of manifests": (["web.yaml", "--image", "web:2"], Exit.REFUSED, "names its own images"),
    "the same object twice": (["web.yaml", "again.yaml"], Exit.REFUSED, "stands twice"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_named_and_nothing_is_written(home: Path, wrong: str) -> None:
    arguments, code, words = WRONG[wrong]
    for name in ("web.yaml", "again.yaml"):
        (home / name).write_text(OBJECTS)
    before = sorted(home.iterdir())
    result = init(*(["web.yaml"] if "--name" in arguments else []), *arguments, code=code)
    assert words in result.stderr
    assert sorted(home.iterdir()) == before


def test_what_cannot_be_read_is_named(home: Path) -> None:
    (home / "Chart.yaml").symlink_to("nowhere")
    assert "Chart.yaml can't be read: No such file" in init(code=Exit.REFUSED).stderr


def test_a_link_without_a_file_is_there_already(home: Path) -> None:
    (home / "sternway.yaml").symlink_to("elsewhere")
    init(code=Exit.REFUSED)
    assert not (home / "elsewhere").exists()


def test_the_configuration_may_be_in_another_folder(home: Path) -> None:
    (home / "deploy/k8s").mkdir(parents=True)
    (home / "deploy/k8s/web.yaml").write_text(OBJECTS)
    assert next_of("--config", "deploy/prod.yaml") == [
        "sternway plan deploy/prod.yaml",
        "sternway run deploy/prod.yaml",
    ]
    assert written(home / "deploy/prod.yaml").endswith("manifests:\n  - k8s/\n")
    assert next_of("deploy/k8s/web.yaml", "-n", "shop") == ["sternway plan", "sternway run"]
    assert written(home / "sternway.yaml") == "name: web\nnamespace: shop\nmanifests:\n  - deploy/k8s/web.yaml\n"


def test_on_a_terminal_it_asks(home: Path) -> None:
    (home / "chart").mkdir()
    (home / "chart/Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    (home / "k8s").mkdir()
    (home / "k8s/web.yaml").write_text(OBJECTS)
    shown = on_a_terminal("2\n", "other\n", "\n")
    assert "1  the Helm chart chart" in shown
    assert "Name [web]" in shown
    assert written(home / "sternway.yaml") == "name: other\nmanifests:\n  - k8s/\n"


def test_on_a_terminal_it_asks_for_the_image_that_nobody_knows(home: Path) -> None:
    (home / "Dockerfile").write_text("FROM scratch\n")
    shown = on_a_terminal("\n", "prod\n", "r.example/shop:1\n")
    assert "Image that Dockerfile makes" in shown
    assert written(home / "sternway.yaml").startswith("name: shop\nnamespace: prod\nimage: r.example/shop:1\n")


def on_a_terminal(*answers: str) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command("init"), stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=os.environ
    ) as process:
        os.close(theirs)
        os.write(ours, "".join(answers).encode())
        shown: list[bytes] = []
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown.append(piece)
        assert process.wait(60) == 0, b"".join(shown)
    os.close(ours)
    return b"".join(shown).decode()
