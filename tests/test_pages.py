"""What the pages of docs/ tell people to type and to write works."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import pytest
import yaml
from sternway_steps.cli.app import app
from sternway_steps.objects.ref import Ref
from sternway_steps.registry.load import load
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session
from sternway_steps.yamltree.errors import ConfigErrors

from tests.conftest import ROOT
from tests.helpers import sternway

DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", *DOCS]
_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]+) -->\n)?^(?P<indent> *)```(?P<kind>\w+)\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S
)


@dataclass(frozen=True)
class Block:
    """A block of code of a page, and the comment right above it."""

    page: Path
    line: int
    kind: str
    text: str
    note: str

    def __str__(self) -> str:
        return f"{self.page.stem}:{self.line}"


def blocks(page: Path, *kinds: str) -> Iterator[Block]:
    text = page.read_text()
    for match in _BLOCK.finditer(text):
        if match["kind"] in kinds:
            yield Block(page, text.count("\n", 0, match.start()) + 1, match["kind"], match["text"], match["note"] or "")


def commands(page: Path) -> Iterator[list[str]]:
    """Give all `sternway …` of a page: in blocks, and in the text."""
    lines = [line for block in blocks(page, "sh", "console") for line in block.text.replace("\\\n", " ").splitlines()]
    inline = re.findall(r"`(?:\$ )?(sternway [^`]+)`", page.read_text().replace("\n", " "))
    for line in [*lines, *inline]:
        for part in re.split(r"\||&&|;", line.removeprefix("$ ").split(" #")[0]):
            words = part.strip().replace("[", "").replace("]", "").split()
            if words and words[0].split("/")[-1] == "sternway":
                yield words[1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_and_option_that_a_page_names_is_there(page: Path) -> None:
    for words in commands(page):
        command: click.Command = app
        context = click.Context(app)
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            below = command.get_command(context, words[0].split("\\|")[0])
            assert below is not None, f"sternway {' '.join(words)}"
            command, words = below, words[1:]
        options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        options |= {"--help", "-h", "--version"}
        wrong = [word for word in words if word.startswith("-") and word != "-" and word.split("=")[0] not in options]
        assert not wrong, f"sternway {command.name} {' '.join(words)}"


@pytest.mark.parametrize("block", [b for page in PAGES for b in blocks(page, "yaml")], ids=str)
def test_every_configuration_of_a_page_is_one(block: Block, tmp_path: Path) -> None:
    """A part of one is laid over the smallest; what files it names are there."""
    (tmp_path / "base.yaml").write_text("name: web\nimage: web:1\nenv: {DEBUG: '1'}\n")
    text = block.text.replace("../sternway.yaml", "base.yaml")
    written = yaml.safe_load(text)
    if not written.keys() & {"name", "extends"}:
        text = f"extends: base.yaml\n{text}"
    (tmp_path / "sternway.yaml").write_text(text)
    for name in _files(written):
        path = tmp_path / name.replace("*", "any")
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = path.stem if path.suffix else "folder"
        file = path if path.suffix else path / "one.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_object(kind))
    try:
        load(tmp_path / "sternway.yaml", stdin=io.StringIO(_object("input")))
    except ConfigErrors as errors:
        pytest.fail(f"{block}: {errors}")


def _object(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, labels: {{app: {name}, tier: base}}}}\n"


def _files(written: dict[str, object]) -> list[str]:
    named = written.get("manifests") or []
    assert isinstance(named, list)
    return [name for name in named if name != "-"]


def test_the_tutorial_runs(tmp_path: Path) -> None:
    page = ROOT / "docs/tutorial/first-deploy.md"
    home = tmp_path / "bin"
    home.mkdir()
    (home / "sternway").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sternway_steps "$@"\n')
    (home / "sternway").chmod(0o755)
    environ = {
        **os.environ,
        "PATH": f"{home}:{os.environ['PATH']}",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "HOME": str(tmp_path),
    }
    environ.pop("KUBECONFIG", None)
    ran = 0
    for block in blocks(page, "sh", "yaml"):
        if block.note.startswith("not run: "):
            continue
        if block.kind == "yaml":
            with (tmp_path / "sternway.yaml").open("a") as file:
                file.write(block.text)
            continue
        wanted = int(block.note.removeprefix("ends: ") or 0)
        done = subprocess.run(["bash", "-ec", block.text], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
        assert done.returncode == wanted, f"{block}: {done.stdout}{done.stderr}"
        ran += 1
    assert ran == 5
    shown = subprocess.run([str(home / "sternway"), "status", "--sandbox"], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=True)  # fmt: skip
    assert "at work: nobody" in shown.stdout


def plain_lines(text: str) -> list[str]:
    """Give the lines of a run without what differs from run to run: the time, the run, the pod, seconds."""
    text = re.sub(r"^\d\d:\d\d:\d\d ", "", text, flags=re.M)
    for pattern, name in ((r"\d{8}-\d{6}-\w{6}", "RUN"), (r"\bweb-\w+-\w{5}\b", "POD"), (r"\d+\.\d s\b", "TIME")):
        text = re.sub(pattern, name, text)
    # Kubelet's words alternate.
    return [line for line in text.replace("ImagePullBackOff", "ErrImagePull").splitlines() if not LASTS.search(line)]


LASTS = re.compile(r" \(\d+ s\)$")
"""Ends a line on a step that takes long, of which a slow machine has more."""


@pytest.fixture
def shop(sternway_sandbox: Sandbox, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give a function that calls the command in a namespace shop, beside the configuration of the README."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        session.client.create(namespace, manager="test")
    (short,) = (block for block in blocks(ROOT / "README.md", "yaml") if block.text.count("\n") == 5)
    (tmp_path / "sternway.yaml").write_text(short.text)
    return partial(sternway, kubeconfig=sternway_sandbox.kubeconfig, cwd=tmp_path)


def test_a_bad_version_looks_as_the_readme_shows_it(shop: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    (block,) = blocks(ROOT / "README.md", "console")
    first, *shown, echoed, code = block.text.splitlines()
    assert shop("run").returncode == 0
    done = shop(*shlex.split(first.removeprefix("$ sternway ")))
    assert plain_lines("\n".join(shown)) == plain_lines(done.stdout)
    assert len(shown) <= 12
    assert (echoed, code) == ("$ echo $?", str(done.returncode))


def test_an_undo_that_failed_looks_as_its_page_shows_it(shop: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, sternway_sandbox: Sandbox) -> None:  # fmt: skip
    (block,) = blocks(ROOT / "docs/how-to/undo-failed.md", "console")
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: LEVEL}\n"
    (tmp_path / "sternway.yaml").write_text("name: web\nnamespace: shop\nmanifests: [settings.yaml]\n")
    for level in ("info", "debug"):
        (tmp_path / "settings.yaml").write_text(settings.replace("LEVEL", level))
        assert shop("run").returncode == 0
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        theirs = {"data": {"level": "theirs"}}
        session.client.patch(Ref("v1", "ConfigMap", "shop", "settings"), theirs, manager="kubectl-edit")
    done = shop("rollback")
    assert done.returncode == 5
    assert plain_lines(block.text) == plain_lines(done.stdout)[-len(block.text.splitlines()) :]


def test_every_page_is_in_the_navigation() -> None:
    text = (ROOT / ".mkdocs.yml").read_text()
    assert sorted(re.findall(r"[\w/-]+\.md", text)) == sorted(str(page.relative_to(ROOT / "docs")) for page in DOCS)
