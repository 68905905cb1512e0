"""`sternway run FILE` means `run --config FILE`, for all commands that read one configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from sternway_steps.cli import options
from sternway_steps.cli.app import app

READING = ["run", "plan", "report", "config show", "doctor", "template", "submit", "graph"]


def command_called(words: str) -> click.Command:
    command: click.Command = app
    for word in words.split():
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    return command


@pytest.mark.parametrize("words", READING)
def test_each_command_that_reads_one_configuration_takes_it_as_an_argument(words: str) -> None:
    arguments = [param.name for param in command_called(words).params if isinstance(param, click.Argument)]
    assert arguments == ["file"]


@pytest.mark.parametrize(
    ("line", "path"),
    [([], "sternway.yaml"), (["a.yaml"], "a.yaml"), (["-c", "a.yaml"], "a.yaml"), (["--config=a.yaml"], "a.yaml")],
)
def test_the_argument_is_the_option(line: list[str], path: str) -> None:
    assert called(line) == path


@pytest.mark.parametrize("line", ["a.yaml -c b.yaml", "--config b.yaml a.yaml", "a.yaml --config=b.yaml"])
def test_both_are_refused(line: str) -> None:
    result = CliRunner().invoke(reading([]), line.split())
    assert result.exit_code == 2
    assert "a.yaml and --config b.yaml are two configurations" in result.output


def test_so_they_are_when_the_option_says_what_it_is_by_default() -> None:
    assert CliRunner().invoke(reading([]), ["a.yaml", "-c", "sternway.yaml"]).exit_code == 2


def test_a_file_that_is_no_configuration_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("deployment.yaml").write_text("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n")
    result = CliRunner().invoke(app, ["graph", "deployment.yaml"])
    assert result.exit_code == 2
    assert "deployment.yaml:1:1: this is a manifest (Deployment)" in result.output
    assert "list it under manifests:" in result.output


def reading(seen: list[str]) -> click.Command:
    @click.command()
    @options.config_file
    def read(path: str) -> None:
        seen.append(path)

    return read


def called(line: list[str]) -> Any:
    seen: list[str] = []
    result = CliRunner().invoke(reading(seen), line)
    assert result.exit_code == 0, result.output
    return seen[0]
