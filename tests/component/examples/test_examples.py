"""The examples beside the YAML and the picture made from them: `STERNWAY_TEST_REGENERATE=1` writes them anew."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from sternway_steps import __version__
from sternway_steps.exits import Exit
from sternway_steps.registry.load import load

from tests.conftest import ROOT
from tests.helpers import sternway

pytest.importorskip("hera", reason="needs the extra: pip install 'sternway[templates]'")
from sternway_templates.argo.pipeline import HASH
from sternway_templates.commands import template
from sternway_templates.graph.command import graph
from sternway_templates.yaml_text import comment

CONFIGS = sorted((ROOT / "templates/examples").glob("*/sternway.yaml"))
OVERLAYS = sorted((ROOT / "templates/examples").glob("*/config/*.yaml"))
REGENERATE = "STERNWAY_TEST_REGENERATE"
COMMAND = f"{REGENERATE}=1 .venv/bin/pytest tests/component/examples/test_examples.py"


def folder_of(config: Path) -> Path:
    """Give the example's folder, for its base and for what is laid over it."""
    return config.parent.parent if config.parent.name == "config" else config.parent


def yaml_of(config: Path) -> str:
    """Give what `sternway template` prints, below a line that tells how it was made."""
    folder = folder_of(config)
    settings = () if load(config).namespace else ("--set", f"namespace={folder.name}")
    shown = ["--config", f"templates/examples/{config.relative_to(folder.parent)}", *settings, "--output", "-"]
    return head(*shown) + printed(template, "--config", str(config), *settings, "--output", "-")


def head(*shown: str) -> str:
    return comment(f"Made by Sternway {__version__}: sternway template {' '.join(shown)}")


def picture_of(config: Path) -> str:
    return printed(graph, "--config", str(config), "--format", "svg")


def printed(command: Any, *arguments: str) -> str:
    clean = {name: None for name in os.environ if name.startswith("STERNWAY_")}
    result = CliRunner(env=clean).invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def cronjob_of(config: Path) -> str:
    shown = ["--for", "cronjob", "--config", f"templates/examples/{config.parent.name}/sternway.yaml", "--output", "-"]
    return head(*shown) + printed(template, "--for", "cronjob", "--config", str(config), "--output", "-")


def pipeline_of(runner: str) -> Callable[[Path], str]:
    """Give what writes a file of CI, called in the example's folder as in the root of its repository."""

    def text(config: Path) -> str:
        with contextlib.chdir(config.parent):
            return printed(template, "--for", runner, "--config", config.name, "--output", "-")

    return text


MADE: dict[str, Callable[[Path], str]] = {"argo.yaml": yaml_of, "saga.svg": picture_of}
ALSO: dict[str, dict[str, Callable[[Path], str]]] = {
    "nightly": {"cronjob.yaml": cronjob_of},
    "environments": {f"{name}.yaml": pipeline_of(name) for name in ("github", "github-plan", "gitlab", "gitlab-plan")},
}
PAIRS = [(config, name) for config in CONFIGS for name in (*MADE, *ALSO.get(config.parent.name, {}))]
PAIRS += [(each, f"argo/{each.name}") for each in OVERLAYS]


def regenerating(environ: Mapping[str, str]) -> bool:
    """Tell whether to write; in CI a file that is out of date has to be seen, not mended."""
    if not environ.get(REGENERATE):
        return False
    assert not environ.get("CI"), f"{REGENERATE} is set in CI: regenerate on your machine, and commit what changed"
    return True


def check(config: Path, name: str, environ: Mapping[str, str]) -> None:
    made = {**MADE, **ALSO.get(config.parent.name, {})}
    file, text = folder_of(config) / name, made.get(name, yaml_of)(config)
    if regenerating(environ):
        file.write_text(text, encoding="utf-8")
    there = file.read_text(encoding="utf-8") if file.is_file() else None
    remedy = f"{folder_of(config).name}/{name} is not what its {config.name} gives now; regenerate all: {COMMAND}"
    assert there is not None, remedy
    if name.endswith(".yaml"):
        assert comparable(there) == comparable(text), remedy
    else:
        assert there == text, remedy


def comparable(text: str) -> list[Any]:
    """Give the objects; those that another release made are compared without what each release changes by itself."""
    objects = list(yaml.safe_load_all(text))
    made_by = re.match(r"# Made by Sternway (\S+):", text)
    assert made_by, "the first line does not say which release made the file"
    return unreleased(objects, made_by[1])


def unreleased(value: Any, release: str) -> Any:
    if isinstance(value, dict):
        return {key: unreleased(item, release) for key, item in value.items() if key != HASH}
    if isinstance(value, list):
        return [unreleased(item, release) for item in value]
    if isinstance(value, str):
        image = re.sub(rf"(/|^)(sternway-[a-z]+):{re.escape(release)}$", r"\1\2:RELEASE", value)
        return image.replace(f"/sternway-{release}-py3-", "/sternway-RELEASE-py3-")
    return value


@pytest.mark.parametrize(("config", "name"), PAIRS, ids=[f"{folder_of(config).name}/{name}" for config, name in PAIRS])
def test_what_stands_beside_an_example_is_what_it_gives(config: Path, name: str) -> None:
    check(config, name, os.environ)


def test_the_examples_show_what_the_generator_can() -> None:
    assert {config.parent.name for config in CONFIGS} >= {"environments", "nightly", "orders", "shop", "web"}
    assert {each.name for each in OVERLAYS} >= {"staging.yaml", "production.yaml"}
    kinds = {obj["kind"] for config in CONFIGS for obj in yaml.safe_load_all(config.with_name("argo.yaml").read_text())}
    assert kinds >= {"WorkflowTemplate", "CronWorkflow", "ConfigMap", "ServiceAccount", "Role", "ClusterRole"}


def test_the_services_are_deployed_and_undone_side_by_side(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "templates/examples/orders", tmp_path / "orders")
    config, web = tmp_path / "orders/sternway.yaml", tmp_path / "orders/manifests/web.yaml"
    shown = ["run", "--sandbox", "--output", "json", "--config", str(config)]
    environ = {"STERNWAY_STATE": str(tmp_path / "state.json")}
    good = sternway(*shown, kubeconfig="", environ=environ)
    assert good.returncode == 0, good.stdout + good.stderr
    web.write_text(web.read_text().replace("ghcr.io/example/orders-web:2.7.0", "nope:1"))
    bad = sternway(*shown, kubeconfig="", environ=environ)
    assert bad.returncode == Exit.FAILED, bad.stdout + bad.stderr
    events = [json.loads(line) for line in bad.stdout.splitlines()]
    assert [event["steps"] for event in events if event["type"] == "undo-started"] == [["api", "web", "jobs"]]
    undone = [event for event in events if event["type"] == "step-ended" and event["action"] == "rollback"]
    assert {event["step"]: event["error"] for event in undone} == {"api": None, "web": None, "jobs": None}


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Give a copy of an example, which a test may spoil."""
    shutil.copytree(ROOT / "templates/examples/nightly", tmp_path / "nightly")
    return tmp_path / "nightly/sternway.yaml"


@pytest.mark.parametrize("name", [*MADE, "cronjob.yaml"])
def test_what_is_out_of_date_is_named_with_the_command_and_written_anew(example: Path, name: str) -> None:
    text = example.read_text()
    example.write_text(text.replace("deadline: 20m", "deadline: 21m"))
    assert example.read_text() != text
    for environ in ({}, {REGENERATE: "1", "CI": "true"}):
        before = example.with_name(name).read_text()
        with pytest.raises(AssertionError, match=f"{REGENERATE}=1" if not environ else "is set in CI"):
            check(example, name, environ)
        assert example.with_name(name).read_text() == before
    check(example, name, {REGENERATE: "1"})
    check(example, name, {})
    example.with_name(name).unlink()
    with pytest.raises(AssertionError, match="regenerate all"):
        check(example, name, {})


def test_a_release_by_itself_makes_nothing_out_of_date(example: Path) -> None:
    file = example.with_name("argo.yaml")
    now = file.read_text()
    file.write_text(now.replace(f"Sternway {__version__}:", "Sternway 0.0.9:").replace(f":{__version__}\n", ":0.0.9\n"))
    assert file.read_text() != now
    check(example, "argo.yaml", {})
    file.write_text(now.replace(f":{__version__}\n", ":0.0.9\n"))
    with pytest.raises(AssertionError, match="regenerate all"):
        check(example, "argo.yaml", {})
