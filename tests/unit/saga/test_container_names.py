"""Containers of steps are called as the steps, but for names that stand for something else in a pod on Argo."""

from __future__ import annotations

import pytest
from sternway_steps.saga.container_names import container_names, rollback_names, step_of_rollback


@pytest.mark.parametrize("taken", ["main", "wait", "init", "supervisor", "forward", "forward-2", "back", "back-12"])
def test_a_name_that_is_taken_is_no_containers(taken: str) -> None:
    assert container_names(["deploy", taken, "backup"]) == {
        "deploy": "deploy",
        taken: f"step-{taken}",
        "backup": "backup",
    }


def test_no_two_steps_are_called_alike() -> None:
    names = container_names(["main", "step-main", "step-step-main"])
    assert names["main"] == "step-step-step-main"
    assert len(set(names.values())) == len(names)


def test_a_rollback_is_called_so_and_found_again_as_earlier_versions_called_it_too() -> None:
    steps = ["deploy", "main", "a" * 60, "a" * 59 + "b"]
    names = rollback_names(steps)
    assert (names["deploy"], names["main"]) == ("rollback-deploy", "rollback-main")
    assert len(set(names.values())) == len(steps)
    assert all(len(name) <= 63 for name in names.values())
    for step in steps:
        assert step_of_rollback(names[step], steps) == step
        assert step_of_rollback(container_names(steps)[step], steps) == step
    assert step_of_rollback("rollback-deploy", ["deploy", "rollback-deploy"]) == "deploy"
    assert step_of_rollback("wait", steps) == ""
