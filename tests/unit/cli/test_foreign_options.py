"""Options of other tools are answered with ours, and never with one that we do not have."""

from __future__ import annotations

import json
import re

import click
import pytest
from click.testing import CliRunner
from sternway_steps.cli.app import app
from sternway_steps.cli.foreign_options import _HERE, answer


def told(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 2
    return done.output.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "ours"),
    [
        (("run", "--dry-run"), "sternway plan"),
        (("run", "--timeout", "5m"), "--set verify.deadline=5m"),
        (("run", "-n", "shop"), "--set namespace=NAME"),
        (("plan", "--namespace", "shop"), "--set namespace=NAME"),
        (("run", "--atomic"), "no option is needed"),
        (("rollback", "r", "--dry-run"), "sternway plan"),
        (("template", "-n", "shop"), "--set namespace=NAME"),
        (("submit", "--sandbox"), "sternway run --sandbox"),
        (("rollback", "--revision", "3"), "rollback --to RUN"),
        (("run", "--set-string", "a=b"), "--set KEY=VALUE"),
        (("run", "--global-timeout", "5m"), "--set verify.deadline=5m"),
    ],
)
def test_an_option_that_other_tools_have_is_answered(words: tuple[str, ...], ours: str) -> None:
    line = told(*words)
    assert line.startswith(f"Error: No such option: {next(w for w in words if w.startswith('-'))}. Here: ")
    assert ours in line


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--bogus", "-o", "json"),
        ("--bogus", "--output=json"),
        ("config", "show", "--bogus", "-ojson"),
        ("frob", "-o", "json"),
    ],
)
def test_what_is_wrong_with_a_command_line_is_json_where_that_is_asked_for(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 2
    said = json.loads(done.output)
    assert (said["type"], said["kind"], said["message"][:7]) == ("error", "UsageError", "No such")
    assert said["remedy"].startswith("Try '")


def test_one_that_nobody_has_is_answered_by_click() -> None:
    assert told("run", "--cnofig", "x").startswith("Error: No such option '--cnofig'. (Did you mean ")
    assert answer("runs", "--image") == "", "it would be no answer there"


def test_the_options_that_an_answer_names_are_there() -> None:
    run = app.commands["run"]
    known = {name for parameter in run.params for name in parameter.opts} | {"--output"}
    others = {name for command in ("rollback", "show") for each in app.commands[command].params for name in each.opts}
    named = {option for text in _HERE.values() for option in re.findall(r"--[a-z-]+", text)}
    assert named - known - others == set()
    assert isinstance(run, click.Command)
    assert not set(_HERE) & known, "those we have ourselves"
