"""--logs takes a word of its own, and never the file that comes after it."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner
from sternway_steps.cli.app import app


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
    monkeypatch.setattr("sternway_steps.cli.app._do", lambda _, **arguments: called.append(arguments))
    done = CliRunner().invoke(app, ["run", *words])
    assert done.exit_code == 0, done.output
    assert (called[0]["logs"], called[0]["path"]) == expected


def test_another_word_is_refused() -> None:
    done = CliRunner().invoke(app, ["run", "--logs=some"])
    assert done.exit_code == click.UsageError.exit_code
    assert "'some' is not one of 'all', 'errors'" in done.output
