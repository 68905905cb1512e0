"""`sternway explain`, and how errors lead to it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sternway_steps.cli.app import app
from sternway_steps.cli.text import TextOutput
from sternway_steps.errors import Refused, SternwayError, Transient
from sternway_steps.explained.catalogue import ENTRIES
from sternway_steps.saga.event_json import to_json


def test_it_says_cause_then_command() -> None:
    done = CliRunner().invoke(app, ["explain", "imagepullbackoff", "Held"])
    assert done.exit_code == 0
    first, second = done.output.split("\n\n")
    assert first.splitlines()[0] == "ErrImagePull, ImagePullBackOff"
    assert "  - the tag or the name does not exist:\n      push it, or sternway run --set image=IMAGE" in first
    assert first.splitlines()[-2].startswith("  Exit code: 4 when all is undone, 5 when ")
    assert first.splitlines()[-1] == "  Page: docs/reference/errors/ErrImagePull.md"
    assert second.splitlines()[0] == "Held"


@pytest.mark.parametrize(
    ("code", "name"),
    [("2", "ConfigErrors"), ("3", "Refused"), ("4", "Failed"), ("5", "RollbackFailed"), ("70", "Bug"), ("75", "Transient"), ("143", "Stopped")],
)  # fmt: skip
def test_an_exit_code_is_explained_too(code: str, name: str) -> None:
    lines = CliRunner().invoke(app, ["explain", code]).output.splitlines()
    assert lines[0] == name
    assert lines[-2].startswith(f"  Exit code: {code} (")


def test_without_a_name_it_lists_all() -> None:
    done = CliRunner().invoke(app, ["explain", "--output", "json"])
    assert [json.loads(line)["name"] for line in done.output.splitlines()] == [entry.name for entry in ENTRIES]


def test_a_name_that_is_misspelt_is_refused_with_the_nearest() -> None:
    done = CliRunner().invoke(app, ["explain", "CrashLoopBackof"])
    assert done.exit_code == 3
    assert "no error is called 'CrashLoopBackof'" in done.output
    assert "did you mean CrashLoopBackOff? `sternway explain` lists all" in done.output


def test_an_error_in_json_names_its_entry_and_page() -> None:
    said = to_json(Transient("the lock is held"))
    assert (said["kind"], said["name"], said["page"]) == (
        "Transient",
        "Transient",
        "docs/reference/errors/Transient.md",
    )


@pytest.mark.parametrize(
    ("error", "more"),
    [
        (Refused("x", remedy="do this"), "\n  do this"), (Refused("x"), ""),
        (Transient("x"), "\n  usual causes: sternway explain Transient"),
    ],
)  # fmt: skip
def test_an_error_says_what_to_do_or_where_that_is_told(error: SternwayError, more: str, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    TextOutput().error(error)
    assert capsys.readouterr().err == f"error: x{more}\n"
