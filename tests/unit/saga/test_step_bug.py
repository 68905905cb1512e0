"""What a step raises that is none of the contract's errors is told with its step, its type and its place."""

from __future__ import annotations

import re
from pathlib import Path

from sternway_steps.errors import Bug, kind_of
from sternway_steps.exits import Exit
from sternway_steps.step import Context, Outcome

from tests.unit.saga.test_orchestrator import Made, walk


class Lost(Made):
    def execute(self, context: Context) -> Outcome:
        super().execute(context)
        return self.look_up({})

    def look_up(self, found: dict[str, Outcome]) -> Outcome:
        return found["region"]


class Mute(Made):
    def execute(self, context: Context) -> Outcome:
        super().execute(context)
        return None  # type: ignore[return-value]


def test_a_key_error_names_step_type_and_place(tmp_path: Path) -> None:
    result = walk(tmp_path, Lost("a", []))
    assert result.exit_code is Exit.BUG
    assert isinstance(result.error, Bug)
    assert kind_of(result.error) == "KeyError"
    line = next(n for n, text in enumerate(Path(__file__).read_text().splitlines(), 1) if 'found["region"]' in text)
    assert str(result.error) == f"step a: KeyError: 'region' ({__name__}, line {line}, in look_up)"
    assert isinstance(result.error.__cause__, KeyError)


def test_in_a_rollback_it_names_them_too_and_the_step_once(tmp_path: Path) -> None:
    class Back(Made):
        def rollback(self, context: Context) -> Outcome:
            raise KeyError("zone")

    result = walk(tmp_path, Back("a", []), Lost("b", []))
    [left] = result.rollback_errors
    assert re.fullmatch(rf"step a: KeyError: 'zone' \({re.escape(__name__)}, line \d+, in rollback\)", str(left))


def test_what_is_no_outcome_is_of_no_line(tmp_path: Path) -> None:
    result = walk(tmp_path, Mute("a", []))
    assert str(result.error) == "step a: TypeError: it gave back NoneType instead of an Outcome"
