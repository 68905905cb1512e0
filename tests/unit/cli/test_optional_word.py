"""--logs takes a word of its own, and never the file that comes after it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click
import pytest
from click.testing import CliRunner
from sternway_steps.cli.app import app

MAIN = import_module("sternway_steps.cli.main")
"""The module; the package has a function of that name, until the module is loaded."""


@pytest.mark.parametrize(("words", "expected"), [
    (["f.yaml"], (None, "f.yaml")),
    (["--logs", "f.yaml"], ("all", "f.yaml")),
    (["--logs=errors", "f.yaml"], ("errors", "f.yaml")),
    (["--logs", "errors", "f.yaml"], ("errors", "f.yaml")),
    (["f.yaml", "--logs"], ("all", "f.yaml")),
    (["--logs", "--set", "a=b", "f.yaml"], ("all", "f.yaml")),
    (["--logs", "--", "f.yaml"], ("all", "f.yaml")),
])  # fmt: skip
def test_words(words: list[str], expected: tuple[str | None, str], monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[dict[str, Any]] = []
    monkeypatch.setattr(MAIN, "call", lambda _, arguments, **kind: called.append(arguments))
    done = CliRunner().invoke(app, ["run", *words])
    assert done.exit_code == 0, done.output
    assert (called[0]["logs"], called[0]["path"]) == expected


@pytest.mark.parametrize(
    ("words", "key", "expected"),
    [
        (["-o", "json"], "output", "json"), (["--output", "json"], "output", "json"), (["-ojson"], "output", "json"),
        (["--on-conflict", "merge"], "on_conflict", "merge"), (["--report", "r.html"], "report_file", "r.html"),
    ],
)  # fmt: skip
def test_options_whose_word_must_be_given_are_left_alone(
    words: list[str], key: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[dict[str, Any]] = []
    monkeypatch.setattr(MAIN, "call", lambda _, arguments, **kind: called.append(arguments))
    done = CliRunner().invoke(app, ["run", *words])
    assert done.exit_code == 0, done.output
    assert called[0][key] == expected


@pytest.mark.parametrize("option", ["--output", "--on-conflict"])
def test_a_word_that_is_missing_is_asked_for(option: str) -> None:
    done = CliRunner().invoke(app, ["run", option])
    assert done.exit_code == click.UsageError.exit_code
    assert f"Option '{option}' requires an argument." in done.output


def test_another_word_is_refused() -> None:
    done = CliRunner().invoke(app, ["run", "--logs=some"])
    assert done.exit_code == click.UsageError.exit_code
    assert "'some' is not one of 'all', 'errors'" in done.output
