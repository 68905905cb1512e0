"""The pods of a run by the Workflow's status: which step each belongs to, and how it went."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sternway_steps.exits import DONE, Exit, word_of_exit
from sternway_steps.journal.replay import Attempt
from sternway_steps.saga.stored_nodes import stored_nodes
from sternway_steps.step import Action

from .shared_pods import CONTAINER, SharedPods

ENDED = ("Succeeded", "Failed", "Error")
REPORT = "report"
# What every pod goes through; Argo takes these words from the container's state as its node's message.
_EXIT_CODE = re.compile(r"\(exit code (\d+)\)")
_USUAL = ("", "ContainerCreating", "PodInitializing")


@dataclass(frozen=True)
class Pod:
    """A node of type Pod; `number` counts those of its step and action, `action` is None for the report."""

    id: str
    step: str
    action: Action | None
    number: int
    phase: str
    message: str
    began: str
    ended: str
    progress: str
    code: int | None

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.phase in ENDED

    @property
    def stuck(self) -> str:
        """Why it can't start; "" while there is nothing unusual."""
        return self.message if self.phase == "Pending" and self.message not in _USUAL else ""


def phase_of(workflow: Mapping[str, Any]) -> str:
    """Return the Workflow's phase, "" before the controller has seen it."""
    return str((workflow.get("status") or {}).get("phase") or "")


def message_of(workflow: Mapping[str, Any]) -> str:
    """Return Argo's message about the Workflow as a whole."""
    return str((workflow.get("status") or {}).get("message") or "")


def undoing(workflow: Mapping[str, Any]) -> str | None:
    """Return why the way forward has failed, once the handler has begun; None before that, and after a success."""
    name = workflow["metadata"]["name"]
    named = {str(node.get("name")): node for node in stored_nodes(workflow)}
    root = named.get(name, {})
    if f"{name}.onExit" not in named or root.get("phase") not in ("Failed", "Error"):
        return None
    failed = [pod.message for pod in pods(workflow) if pod.action is Action.EXECUTE and pod.over and pod.message]
    return (failed or [str(root.get("message") or "the way forward has failed")])[-1]


def pods(workflow: Mapping[str, Any]) -> list[Pod]:
    """Return the pods in the order in which they were started."""
    listed: list[Pod] = []
    shared = SharedPods(workflow)
    for node in sorted(stored_nodes(workflow), key=shared.place):
        if (found := shared.what(node) if node.get("type") == CONTAINER else _what(node)) is None:
            continue
        (action, step), pod = found, shared.pod_of(node)
        code = _code(node, pod, action)
        listed.append(
            Pod(
                id=str(node.get("id")),
                step=step,
                action=action,
                number=1 + sum((pod.step, pod.action) == (step, action) for pod in listed),
                phase=str(node.get("phase") or ""),
                message=str(node.get("message") or ""),
                began=str(node.get("startedAt") or ""),
                ended=str(node.get("finishedAt") or ""),
                progress=str(pod.get("progress") or ""),
                code=int(code) if code.isdigit() else None,
            )
        )
    return listed


def _what(node: Mapping[str, Any]) -> tuple[Action | None, str] | None:
    """Return which action of which step a pod is, (None, "") for the report; None for any other node."""
    word, _, step = str(node.get("templateName") or "").partition("-")
    if node.get("type") != "Pod" or word not in (*(a.value for a in Action), REPORT):
        return None
    return (None, "") if word == REPORT else (Action(word), step)


def _code(node: Mapping[str, Any], pod: Mapping[str, Any], action: Action | None) -> str:
    """Return the exit code, "" for none. That of a run is the report's output, once it has ended the run."""
    outputs = pod.get("outputs") or {}
    given = {str(each.get("name")): str(each.get("value")) for each in outputs.get("parameters") or ()}
    if action is None and "code" in given:
        return given["code"]
    if node.get("type") == CONTAINER:
        found = _EXIT_CODE.search(str(node.get("message") or ""))
        return found[1] if found is not None else ""
    return str(outputs.get("exitCode") or "")


def attempts_of(workflow: Mapping[str, Any]) -> list[Attempt]:
    """Return the attempts by the pods alone, where the journal can't be read: without items, with Argo's messages."""
    return list(_attempts(workflow))


def _attempts(workflow: Mapping[str, Any]) -> Iterator[Attempt]:
    for pod in pods(workflow):
        if pod.action is None or pod.phase == "Pending":
            continue
        result = ""
        if pod.over:
            failed = word_of_exit(pod.code or Exit.FAILED)  # without a code, or with 0, it was no word of ours
            result = DONE if pod.phase == "Succeeded" else failed
        text = pod.message or pod.phase
        data = {"summary": "done"} if result == DONE else {"error": text}
        yield Attempt(pod.step, pod.action, pod.number, pod.began, pod.ended, result, data)
