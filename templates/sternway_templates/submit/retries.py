"""When Argo tries a step again: by the rule that stands in the template. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sternway_steps.config.argo import ArgoConfig
from sternway_steps.config.backoff import ROLLBACK_TRIES, Backoff
from sternway_steps.exits import Exit, exit_of
from sternway_steps.journal.replay import Attempt
from sternway_steps.saga.attempt_errors import error_of
from sternway_steps.saga.plan import Plan
from sternway_steps.saga.retry import RETRIED
from sternway_steps.step import Action


def retry_in(
    plan: Plan,
    argo: ArgoConfig,
    attempt: Attempt,
    attempts: Sequence[Attempt],
    *,
    by_pods: bool = False,
    shared: Collection[str] = (),
) -> float | None:
    """Return the seconds from the end of an attempt to the next one; None when there will be none.

    An execution is tried again in its process. A pod makes up to ROLLBACK_TRIES attempts to roll back; then Argo starts
    the next one, which has to be scheduled besides, and nobody knows that beforehand.

    Args:
        plan: the run's steps.
        argo: its limits and waits.
        attempt: one that has ended.
        attempts: all that are known.
        by_pods: each of them stands for a pod, and not for an attempt in the journal.
        shared: the steps that share a pod, whose processes try again themselves.

    """
    code = exit_of(error_of(attempt))
    if code not in RETRIED[attempt.action]:
        return None
    if attempt.step in shared or attempt.action is Action.EXECUTE:
        return _in_its_process(plan, argo, attempt, code)
    tries = 1 if by_pods else ROLLBACK_TRIES
    pod, number = _place(attempt, attempts, tries)
    if code is Exit.TRANSIENT and number < tries:
        return Backoff().delay(number, attempt.data.get("retry_after"))
    return argo.backoff.delay(pod) if pod <= argo.rollback_retries else None


def _in_its_process(plan: Plan, argo: ArgoConfig, attempt: Attempt, code: Exit) -> float | None:
    again = ROLLBACK_TRIES * (argo.rollback_retries + 1) - 1
    if attempt.action is Action.EXECUTE:
        again = next((step.retries for step in plan.steps if step.name == attempt.step), 0)
    if code is not Exit.TRANSIENT or attempt.number > again:
        return None
    return argo.backoff.delay(attempt.number, attempt.data.get("retry_after"))


def _place(attempt: Attempt, attempts: Sequence[Attempt], tries: int) -> tuple[int, int]:
    """Return which pod made an attempt, and its number in that pod; both count from 1."""
    mine = [a for a in attempts if (a.step, a.action) == (attempt.step, attempt.action) and a.number < attempt.number]
    pod, number = 1, 1
    for earlier in sorted(mine, key=lambda each: each.number):
        over = number == tries or exit_of(error_of(earlier)) is not Exit.TRANSIENT
        pod, number = (pod + 1, 1) if over else (pod, number + 1)
    return pod, number
