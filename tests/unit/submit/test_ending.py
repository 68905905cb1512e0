"""How a run on Argo ended, as `submit --wait` tells it."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.builtin import builtin_steps
from sternway_steps.config.schema import StepConfig
from sternway_steps.exits import Exit
from sternway_steps.journal.name import RunName
from sternway_steps.journal.replay import Attempt, Status
from sternway_steps.saga.attempt_errors import warnings_of
from sternway_steps.saga.plan import make_plan
from sternway_steps.spec import Action
from sternway_templates.submit.ending import ending_by_pods

STEPS = tuple(StepConfig(name, name, {}) for name in ("validate", "deploy", "verify"))
SPECS = {name: step.spec for name, step in builtin_steps().items()}


def workflow(said: str) -> dict[str, Any]:
    """Give a Workflow whose first step was refused, and whose report has said so."""
    outputs = {"exitCode": "3", "parameters": [{"name": "code", "value": "3"}]}
    refused = {"id": "w-1", "name": "w[0].validate", "displayName": "validate", "type": "Pod", "phase": "Failed",
               "templateName": "execute-validate", "message": "main: Error (exit code 3): no", "outputs": {"exitCode": "3"}}  # fmt: skip
    report = {"id": "w-2", "name": "w.onExit[1].report", "displayName": "report", "type": "Pod", "phase": "Failed",
              "templateName": "report", "message": f"main: Error (exit code 3): {said}", "outputs": outputs}  # fmt: skip
    return {"metadata": {"name": "w"}, "status": {"phase": "Failed", "nodes": {"w-1": refused, "w-2": report}}}


@pytest.mark.parametrize("status", [Status.HELD, Status.REFUSED])
def test_a_run_that_was_held_leaves_no_record_and_is_told_as_held(status: Status) -> None:
    plan = make_plan(STEPS, SPECS)
    told = workflow(f"run r: {status.value}\nfirst error: held since 2026-11-24 10:00:00 UTC")
    ended = ending_by_pods(RunName("r", "shop"), plan, told, False, 1.0)
    assert (ended.status, ended.exit_code, ended.name) == (status, Exit.REFUSED, "shop/r")


def test_what_failed_after_the_end_is_a_warning_in_the_words_of_a_run_in_one_process() -> None:
    told = (StepConfig("page", "verify", {}, on="failure"),)
    plan = make_plan(STEPS, SPECS, told)

    def attempt(number: int, result: str) -> Attempt:
        return Attempt("page", Action.EXECUTE, number, "", "", result, {"error": "nobody is there"}, end="undone")

    assert warnings_of(plan, [attempt(1, "transient"), attempt(2, "failed")]) == (
        "step page (on: failure) failed: nobody is there",
    )
    assert warnings_of(plan, [attempt(1, "transient"), attempt(2, "done")]) == ()
    assert warnings_of(plan, []) == ()
