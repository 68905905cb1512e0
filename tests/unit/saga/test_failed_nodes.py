"""What Argo 4.1.2 says of nodes that failed, word for word, and what the report makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sternway_steps.errors import Failed, Refused, Stopped, Transient
from sternway_steps.exits import exit_of
from sternway_steps.saga.failed_nodes import FailedNode, Known, failed_nodes, killed_rollbacks, meaning

STEPS = ("validate", "deploy", "verify")
KUBELET = "Pod was active on the node longer than the specified deadline"
NO_LEASES = (
    'main: Error (exit code 3): the target can\'t be locked: 403 Forbidden: User "x" cannot get resource "leases"'
)
NO_RESULTS = 'wait: Error (exit code 64): workflowtaskresults.argoproj.io is forbidden: User "x" cannot create resource'
UNKNOWN = "main: ContainerStatusUnknown (exit code 137): The container could not be located when the pod was terminated"
PULL = "ErrImagePull: failed to pull and unpack image: not found"


def as_argo_gives_it(*nodes: dict[str, Any]) -> str:
    """A string that is quoted as Go's strconv.Quote does it."""
    return json.dumps(json.dumps(nodes))


def node(name: str, template: str, message: str) -> dict[str, Any]:
    named = {"displayName": name, "templateName": template, "podName": f"w-{name}"}
    return {**named, "message": message, "phase": "Failed", "finishedAt": "2026-11-28T16:00:00Z"}


def test_of_each_step_the_last_try_counts_in_the_order_of_the_plan() -> None:
    given = as_argo_gives_it(
        node("verify(0)", "execute-verify", "first"), node("w", "execute", "child 'w-1' failed"),
        node("deploy", "execute-deploy", "retryStrategy.expression evaluated to false"),
        node("verify(1)", "execute-verify", "second"), node("deploy(0)", "execute-deploy", NO_LEASES),
        node("deploy(0)", "rollback-deploy", "main: Error (exit code 5): not this one"),
    )  # fmt: skip
    assert [(n.step, n.message) for n in failed_nodes(given, STEPS)] == [("deploy", NO_LEASES), ("verify", "second")]


def test_a_container_of_a_shared_pod_is_known_by_its_name() -> None:
    given = as_argo_gives_it(
        node("w.forward", "forward", "child failed"), node("deploy", "forward", NO_LEASES), node("deploy", "back", "x")
    )
    assert [(n.step, n.message) for n in failed_nodes(given, STEPS)] == [("deploy", NO_LEASES), ("", "child failed")]


@pytest.mark.parametrize(
    ("above", "seen", "error", "said"),
    [
        (
            (("execute", "timeout"), ("", "timeout")),
            PULL,
            Refused,
            "step validate: its image can't be pulled: ErrImagePull",
        ),
        (
            (("execute", "timeout"), ("", "timeout")),
            "",
            Refused,
            "step validate: its pod did not start within argo.pendingTimeout",
        ),
        (
            (("execute", "Max duration limit exceeded"),),
            "",
            Stopped,
            "the deadline of the run passed before step validate had ended",
        ),
        (
            (("execute", "workflow shutdown with strategy:  Stop"),),
            PULL,
            Refused,
            "its image can't be pulled: ErrImagePull",
        ),
        ((("execute", "workflow shutdown with strategy:  Stop"),), "", None, "None"),
    ],
)
def test_a_pod_that_never_started_is_told_of_though_argo_calls_it_pending(
    above: tuple[tuple[str, str], ...], seen: str, error: type[Exception] | None, said: str
) -> None:
    """Argo writes over a node that it gave up what it then reads of the pod; the nodes above it failed."""
    given = as_argo_gives_it(*(node(f"w{n}", template, m) for n, (template, m) in enumerate(above)))
    waiting = {**node("validate", "execute-validate", "PodInitializing"), "phase": "Pending", "type": "Pod"}
    (found,) = failed_nodes(given, STEPS, [waiting])
    assert (found.step, found.pod) == ("validate", "w-validate")
    assert found.says_nothing, "so its pod is looked at"
    told = meaning(found, Known(seen))
    assert type(told) is (error or type(None))
    assert said in str(told)


def test_a_shared_pod_tells_what_happened_to_it_and_not_its_containers() -> None:
    """Stopped while one of its images could not be pulled: Argo gives each container a pod of a name that is none."""
    shutdown = "workflow shutdown with strategy:  Stop"
    given = as_argo_gives_it(
        node("forward", "forward", shutdown), node("verify", "forward", shutdown),
        node("step-main", "forward", shutdown), node("w", "execute", shutdown),
    )  # fmt: skip
    found = failed_nodes(given, (*STEPS, "main"))
    assert [(n.step, n.pod) for n in found] == [("verify", ""), ("main", ""), ("", "w-forward")]
    assert [meaning(n, Known(PULL if n.pod else "", began=True)) for n in found[:2]] == [None, None]
    pull = meaning(found[2], Known(PULL))
    assert type(pull) is Refused
    assert "pod w-forward: its image can't be pulled" in str(pull)


def test_a_step_that_is_called_as_a_pod_or_a_container_of_argo_is_known_by_its_containers_name() -> None:
    given = as_argo_gives_it(
        node("step-main", "forward", PULL), node("forward", "forward", "step-main: Error (exit code 4): not it"),
        node("step-forward", "forward", NO_LEASES),
    )  # fmt: skip
    found = [(n.step, n.message) for n in failed_nodes(given, ["validate", "main", "forward"])]
    assert found == [("main", PULL), ("forward", NO_LEASES)]


@pytest.mark.parametrize("text", ["", "null", '"null"', "{{workflow.failures}}", "[1]", '"[', "{}"])
def test_what_is_no_list_of_nodes_says_nothing(text: str) -> None:
    assert failed_nodes(text, STEPS) == []


@pytest.mark.parametrize(
    ("message", "known", "kind", "words"),
    [
        (NO_LEASES, Known(), Refused, "cannot get resource"),
        ("verify: OOMKilled (exit code 137):", Known(began=True), Failed, "took more memory than it may"),
        ("main: Error (exit code 2): image is empty", Known(), Refused, "image is empty"),
        ("main: Error (exit code 4): the pods crash", Known(), Failed, "the pods crash"),
        ("main: Error (exit code 75): the API is away", Known(), Transient, "the API is away"),
        ("main: Error (exit code 3)", Known(), Refused, "step deploy ended with exit code 3"),
        (NO_RESULTS, Known(), Refused, "workflowtaskresults"),
        (PULL, Known(), Refused, "can't be pulled: ErrImagePull"),
        ("Step exceeded its deadline", Known(f"Failed: Failed to pull image: {PULL}"), Refused, "can't be pulled"),
        ("Stopped with strategy 'Stop'", Known(PULL), Refused, "can't be pulled"),
        ("Step exceeded its deadline", Known(), Stopped, "the deadline of the run passed"),
        (KUBELET, Known(), Stopped, "the deadline of the run passed"),
        (KUBELET, Known(own_deadline=True), Failed, "ran into its deadline"),
        ("pod deleted", Known(), Stopped, "its pod was deleted"),
        ("The node was low on resource: memory.", Known(), Stopped, "evicted: The node was low on resource"),
        ("main: OOMKilled (exit code 137)", Known(), Failed, "more memory than it may"),
        ("main: StartError (exit code 128): failed to create", Known(), Refused, "could not be started"),
        ("main: StartError (exit code 128): failed to create", Known(began=True), Stopped, "could not be started"),
        ("main: Error (exit code 2): X names no key; known are deadline, deploy", Known(), Refused, "names no key"),
        ("main: Error (exit code 4): pod web: ErrImagePull: not found", Known(), Failed, "pod web: ErrImagePull"),
        ("timeout", Known(f"Failed: Failed to pull image: {PULL}"), Refused, "can't be pulled"),
        ("timeout", Known("FailedScheduling: 0/1 nodes"), Refused, "did not start within argo.pendingTimeout: Failed"),
        (UNKNOWN, Known(f"Failed: Failed to pull image: {PULL}"), Refused, "can't be pulled"),
        (UNKNOWN, Known("Evicted: it used too much", began=True), Stopped, "its pod was evicted"),
        ("pod deleted", Known(PULL), Refused, "can't be pulled"),
        ('pods "x" is forbidden: exceeded quota: q', Known(), Refused, "exceeded quota"),
    ],
)
def test_each_failure_is_named_with_its_code(message: str, known: Known, kind: type[Exception], words: str) -> None:
    found = meaning(FailedNode("deploy", message), known)
    assert type(found) is kind
    assert words in str(found)
    assert exit_of(found) == exit_of(kind(""))


@pytest.mark.parametrize(
    "message",
    ["Stopped with strategy 'Stop'", "main: Error (exit code 143): verify was stopped", "main: Error (exit code 64)"],
)
def test_what_tells_no_more_than_a_stop_is_left_to_the_journal(message: str) -> None:
    assert meaning(FailedNode("deploy", message)) is None


def test_a_pod_that_is_gone_is_not_told_by_its_containers() -> None:
    given = as_argo_gives_it(
        node("validate", "forward", "container deleted"), node("forward", "forward", "pod deleted"),
    )  # fmt: skip
    found = [meaning(n, Known(began=True)) for n in failed_nodes(given, STEPS)]
    assert found[0] is None
    assert "its pod was deleted" in str(found[1])


@pytest.mark.parametrize("called", ["rollback-deploy", "deploy"], ids=["now", "earlier"])
def test_a_rollback_that_took_too_much_memory_is_named_with_the_limit(called: str) -> None:
    given = as_argo_gives_it(
        node(called, "back", "deploy: OOMKilled (exit code 137)"), node("back", "back", "deploy: OOMKilled (exit code 137)"),
        node("verify(0)", "rollback-verify", "main: Error (exit code 137)"),
        node("validate", "rollback-validate", "main: Error (exit code 5): no"), node("deploy", "forward", "exit code 137"),
    )  # fmt: skip
    found = killed_rollbacks(given, STEPS)
    assert set(found) == {"deploy", "verify"}
    assert "argo.resources.limits.memory" in str(getattr(found["deploy"], "remedy", ""))
