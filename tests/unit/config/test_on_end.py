"""Which steps may run when the run has ended, and how a mistake is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sternway_steps.builtin import builtin_steps
from sternway_steps.config import Config
from sternway_steps.errors import Refused
from sternway_steps.registry.load import load
from sternway_steps.saga.plan import ON_END_DEADLINE, Plan, make_plan
from sternway_steps.yamltree.errors import ConfigErrors

HEAD = "name: t\nimage: web:1\nsteps:\n"
TOLD = "{name: told, on: failure, execute: [x]}"


def read(folder: Path, steps: str) -> Config:
    file = folder / "sternway.yaml"
    file.write_text(HEAD + steps)
    return load(file)


def planned(config: Config) -> Plan:
    return make_plan(config.steps, {name: step.spec for name, step in builtin_steps().items()}, config.on_end)


def test_it_is_no_step_of_the_run_wherever_it_stands(tmp_path: Path) -> None:
    config = read(tmp_path, f"  - {TOLD}\n  - deploy\n  - {{name: good, uses: verify, on: success, deadline: 5s}}\n")
    plan = planned(config)
    assert [step.name for step in plan.steps] == ["deploy"]
    assert [(step.name, step.on, step.deadline) for step in plan.on_end] == [
        ("told", "failure", ON_END_DEADLINE),
        ("good", "success", 5.0),
    ]
    assert plan.stays_of(["told", "deploy"]) == ()
    assert plan.seconds_at_end == 3 * (ON_END_DEADLINE + 5.0)
    with pytest.raises(Refused, match="runs by itself when the run has ended") as raised:
        plan.step("told")
    assert "sternway report" in str(raised.value.remedy)


@pytest.mark.parametrize(
    ("steps", "line", "message"),
    [
        (f"  - deploy\n  - [verify, {TOLD}]\n", 5, "it can't stand in a group"),
        (f"  - {TOLD}\n", 4, "run when the run has ended, and none before"),
        ("  - deploy\n  - {name: a, on: always, execute: [x],\n     rollback: [y]}\n", 6, "so nothing undoes it"),
        ("  - deploy\n  - {name: a, on: always, execute: [x], effects: reversible}\n", 5, "so nothing undoes it"),
        ("  - deploy\n  - {name: a, on: always, execute: [x], rollbackDeadline: 1m}\n", 5, "nothing undoes it"),
        ("  - deploy\n  - {name: a, on: always, execute: [x],\n     pod: own}\n", 6, "runs in the report's pod"),
        ("  - deploy\n  - {name: a, on: never, execute: [x]}\n", 5, "failure or success or always"),
        ("  - deploy\n  - {name: a, execute: [x], effects: none, env: {STERNWAY_CAUSE: x}}\n", 5, "take another name"),
    ],
)
def test_a_mistake_is_named_at_its_line(tmp_path: Path, steps: str, line: int, message: str) -> None:
    with pytest.raises(ConfigErrors) as raised:
        read(tmp_path, steps)
    (found,) = raised.value.errors
    assert found.location.line == line
    assert message in str(found)


@pytest.mark.parametrize("uses", ["deploy", "build"])
def test_what_can_be_undone_is_refused_at_its_line(tmp_path: Path, uses: str) -> None:
    with pytest.raises(Refused) as raised:
        planned(read(tmp_path, f"  - deploy\n  - {{name: a, uses: {uses}, on: failure}}\n"))
    assert "sternway.yaml:5:5: steps: a can be undone, and with on: failure nothing would" in str(raised.value)
    assert "take away on: failure" in str(raised.value.remedy)


def test_names_are_told_apart_from_those_of_the_run(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="'verify' stands twice"):
        planned(read(tmp_path, "  - verify\n  - {name: verify, on: failure}\n"))


def test_it_is_kept_with_the_run_and_an_older_record_has_none(tmp_path: Path) -> None:
    config = read(tmp_path, f"  - deploy\n  - {TOLD}\n")
    data = json.loads(json.dumps(config.to_dict()))
    assert Config.from_dict(data).on_end == config.on_end
    del data["on_end"]
    assert Config.from_dict(data).on_end == ()
