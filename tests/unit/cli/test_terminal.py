"""What commands write for people: our colours, and of all else the text alone."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import pytest
from sternway_steps.cli.output import Output
from sternway_steps.cli.stdout import Safe
from sternway_steps.cli.terminal import Styled, echo
from sternway_steps.cli.text import TextOutput
from sternway_steps.errors import Failed
from sternway_steps.saga.events import StepEnded, StepStarted
from sternway_steps.spec import Action, Item

from tests.conftest import ROOT

EVIL = "\x1b[2J\x1b]0;gone\x07\x9b31mall is well\x1b[0m\x08"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "green"), [(io.StringIO, "done"), (Terminal, "\x1b[32mdone\x1b[0m")])
def test_colours_are_ours_and_for_terminals_alone(stream: type[io.StringIO], green: str, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    told = stream()
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setattr("sys.stdout", Safe(told))
    echo(Styled("done", fg="green"), f": {EVIL}")
    print(EVIL)
    assert told.getvalue() == f"{green}: all is well\nall is well\n"


@pytest.mark.parametrize("on_github", [True, False])
def test_on_githubs_runner_no_line_is_a_command_in_whichever_form(on_github: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    told = io.StringIO()
    monkeypatch.setattr("sys.stdout", Safe(told))
    monkeypatch.setenv("GITHUB_ACTIONS", str(on_github).lower())
    echo("  log | ##[add-mask]x")
    echo(Styled("\u2003::error::x", fg="red"))
    wanted = (
        "  log | ## [add-mask]x\n\u2003| ::error::x\n" if on_github else "  log | ##[add-mask]x\n\u2003::error::x\n"
    )
    assert told.getvalue() == wanted


def test_an_event_of_a_run_drives_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Terminal()
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setattr("sys.stdout", Safe(told))
    monkeypatch.setattr("sys.stderr", Safe(told))
    output: Output = TextOutput()
    details = {"pod": "p", "log": [EVIL], "events": [EVIL], "body": EVIL, "failures": [{}, {"object": EVIL, "why": EVIL}]}  # fmt: skip
    output.event(StepStarted("deploy", Action.EXECUTE, 1))
    output.event(StepEnded("deploy", Action.EXECUTE, EVIL, 0.1, (Item("a", "kept", EVIL),), Failed(EVIL, remedy=EVIL, details=details)))  # fmt: skip
    output.note(EVIL)
    output.error(Failed(EVIL))
    left = told.getvalue()
    for ours in ("\x1b[31m", "\x1b[33m", "\x1b[36m", "\x1b[0m"):
        left = left.replace(ours, "")
    assert left.isprintable() or set(left) - {"\n"} <= set(filter(str.isprintable, left)), repr(left)
    assert left.count("all is well") > 8


def test_nothing_is_written_for_people_but_through_the_one_door() -> None:
    """The streams let no colour of anybody else through; who writes past them would show what they hold back."""
    for file in (ROOT / "steps/sternway_steps/cli").glob("*.py"):
        called = {
            ast.unparse(node.func) for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)
        }
        wrong = called & {"click.echo", "click.secho", "click.style", "print"}
        assert file.name == "terminal.py" or not wrong, f"{Path(file).name}: {wrong}: terminal.echo writes plain text"
