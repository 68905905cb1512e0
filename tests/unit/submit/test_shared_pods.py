"""The containers of shared pods, by a status as Argo 4.1.2 writes it."""

from __future__ import annotations

from typing import Any

from sternway_steps.step import Action
from sternway_templates.submit.nodes import attempts_of, pods

FORWARD, BACK = ["validate", "deploy", "step-main", "verify"], ["deploy", "step-main", "main"]


def node(name: str, kind: str, template: str, phase: str, children: list[str], **more: Any) -> dict[str, Any]:
    began = "2026-11-28T16:22:12Z" if template == "forward" else "2026-11-28T16:22:24Z"
    return {"id": f"{template}.{name}", "name": f"w.{template}.{name}", "displayName": name, "type": kind, "templateName": template,
            "phase": phase, "startedAt": began, "children": children, "boundaryID": f"{template}.{template}", **more}  # fmt: skip


def workflow(*nodes: dict[str, Any]) -> dict[str, Any]:
    def container(name: str, action: str) -> dict[str, Any]:
        args = ["report"] if name == "main" else ["step", name.removeprefix("step-"), action]
        return {"name": name, "args": args}

    stored = [
        {"name": "forward", "containerSet": {"containers": [container(name, "execute") for name in FORWARD]}},
        {"name": "back", "containerSet": {"containers": [container(name, "rollback") for name in BACK]}},
    ]
    status = {"storedWorkflowTemplateSpec": {"templates": stored}, "nodes": {each["id"]: each for each in nodes}}
    return {"metadata": {"name": "w"}, "status": status}


def failed(code: str = "4") -> dict[str, Any]:
    """Give a Workflow in which main failed, and all that began was undone."""
    outputs = {"exitCode": "4", "parameters": [{"name": "code", "value": code}]}
    return workflow(
        node("forward", "Pod", "forward", "Failed", ["forward.validate"], progress="1/2"),
        node("deploy", "Container", "forward", "Succeeded", ["forward.step-main"]),
        node("step-main", "Container", "forward", "Failed", ["forward.verify"], message="step-main: Error (exit code 4): it broke"),
        node("validate", "Container", "forward", "Succeeded", ["forward.deploy"]),
        node("verify", "Container", "forward", "Error", [], message="verify: Error (exit code 64)"),
        node("back", "Pod", "back", "Failed", ["back.step-main"], outputs=outputs),
        node("step-main", "Container", "back", "Succeeded", ["back.deploy"]),
        node("deploy", "Container", "back", "Succeeded", ["back.main"]),
        node("main", "Container", "back", "Failed", [], message="main: Error (exit code 4): undone"),
    )  # fmt: skip


def test_each_container_is_the_attempt_of_its_step_in_the_order_of_the_set() -> None:
    found = [(pod.step, pod.action, pod.code) for pod in pods(failed())]
    assert found == [
        ("validate", Action.EXECUTE, None), ("deploy", Action.EXECUTE, None), ("main", Action.EXECUTE, 4),
        ("deploy", Action.ROLLBACK, None), ("main", Action.ROLLBACK, None), ("", None, 4),
    ]  # fmt: skip
    assert [(a.step, a.action.value, a.result) for a in attempts_of(failed())] == [
        ("validate", "execute", "done"), ("deploy", "execute", "done"), ("main", "execute", "failed"),
        ("deploy", "rollback", "done"), ("main", "rollback", "done"),
    ]  # fmt: skip


def test_a_container_whose_turn_did_not_come_is_no_attempt() -> None:
    assert "verify" not in [pod.step for pod in pods(failed())]
    working = workflow(
        node("forward", "Pod", "forward", "Running", ["forward.validate"]),
        node("validate", "Container", "forward", "Running", ["forward.deploy"]),
        node("deploy", "Container", "forward", "Running", []),
    )
    assert [pod.step for pod in pods(working)] == ["validate"], "all containers of a pod run from its start"


def test_a_report_that_left_the_run_open_has_no_code() -> None:
    assert [pod.code for pod in pods(failed("none")) if pod.action is None] == [None]


def test_progress_is_that_of_the_pod() -> None:
    assert {pod.progress for pod in pods(failed()) if pod.action is Action.EXECUTE} == {"1/2"}
