"""When Argo tries again: by `retries`, `argo.rollbackRetries` and `argo.backoff`."""

from __future__ import annotations

import pytest
from sternway_steps.config.argo import ArgoConfig
from sternway_steps.config.backoff import Backoff
from sternway_steps.journal.replay import Attempt
from sternway_steps.saga.plan import Plan, PlannedStep
from sternway_steps.spec import Action, StepSpec
from sternway_templates.submit.retries import retry_in

PLAN = Plan(((PlannedStep("a", StepSpec("a"), retries=2),),))
ARGO = ArgoConfig(backoff=Backoff(10, 25), rollback_retries=2)


def waits(action: Action, *results: str, by_pods: bool = False, argo: ArgoConfig = ARGO) -> list[float | None]:
    attempts = [Attempt("a", action, number, "", "", result, {}) for number, result in enumerate(results, 1)]
    return [retry_in(PLAN, argo, attempt, attempts, by_pods=by_pods) for attempt in attempts]


def test_a_step_that_shares_its_pod_is_tried_again_in_its_process() -> None:
    attempts = [Attempt("a", Action.EXECUTE, number, "", "", "transient", {}) for number in (1, 2, 3)]
    assert [retry_in(PLAN, ARGO, a, attempts, shared={"a"}) for a in attempts] == [10, 20, None]
    back = [Attempt("a", Action.ROLLBACK, number, "", "", "transient", {}) for number in (1, 3, 14, 15)]
    assert [retry_in(PLAN, ARGO, a, back, shared={"a"}) for a in back] == [10, 25, 25, None]
    stopped = Attempt("a", Action.ROLLBACK, 1, "", "", "stopped", {})
    assert retry_in(PLAN, ARGO, stopped, [stopped], shared={"a"}) is None, "the next round does"


def test_an_execution_is_one_attempt_of_a_pod() -> None:
    assert waits(Action.EXECUTE, *["transient"] * 3) == [10, 20, None]
    assert waits(Action.EXECUTE, "transient", "done") == [10, None]


@pytest.mark.parametrize("result", ["refused", "failed", "stopped", "bug", "", "done", "rollbackfailed"])
def test_an_execution_that_ended_otherwise_is_not_tried_again(result: str) -> None:
    assert waits(Action.EXECUTE, result) == [None]


def test_a_rollback_is_tried_five_times_in_its_pod_and_then_in_the_next_one() -> None:
    assert waits(Action.ROLLBACK, *["transient"] * 15) == [1, 2, 4, 8, 10, 1, 2, 4, 8, 20, 1, 2, 4, 8, None]


def test_a_rollback_that_was_stopped_or_cut_off_is_tried_again_in_the_next_pod() -> None:
    assert waits(Action.ROLLBACK, "transient", "stopped", "transient", "done") == [1, 10, 1, None]
    assert waits(Action.ROLLBACK, "", *["transient"] * 6)[1:] == [1, 2, 4, 8, 20, 1]
    assert waits(Action.ROLLBACK, "rollbackfailed") == [None]


def test_where_the_pods_alone_are_seen_each_is_an_attempt() -> None:
    assert waits(Action.ROLLBACK, *["transient"] * 3, by_pods=True) == [10, 20, None]


def test_without_retries_there_is_none() -> None:
    assert waits(Action.ROLLBACK, *["transient"] * 5, argo=ArgoConfig(rollback_retries=0)) == [1, 2, 4, 8, None]


def test_in_a_pod_what_the_server_asked_for_is_waited() -> None:
    asked = Attempt("a", Action.ROLLBACK, 1, "", "", "transient", {"retry_after": 7.0})
    assert retry_in(PLAN, ARGO, asked, [asked]) == 7
