"""What Argo tells a handler of the nodes that failed: which steps they belong to, and what that means. Pure.

Argo gives the handler one variable, `workflow.failures`: the failed nodes as JSON, in a string that is quoted again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Failed, Refused, RollbackFailed, SternwayError, Stopped, Transient
from ..exits import Exit
from .container_names import container_names, step_of_rollback

FORWARD = ("execute-", "forward")
"""How the templates are called whose pods go forward: those of one step, and those of several."""
_ROLLBACK, _BACK = "rollback-", "back"
"""How those are called whose pods go back: likewise."""
_NUMBER = re.compile(r"\((\d+)\)$")
_ENDED = re.compile(r"(?:^|: )(?P<why>\w+) \(exit code (?P<code>\d+)\)(?::\s*(?P<text>.*))?$", re.DOTALL)
_PULL = re.compile(
    r"ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|[Ff]ailed to pull|pull(ing)? image"
)
_EVICTED = re.compile(r"low on resource|[Ee]victed|[Pp]reempt|exceeds the total limit|TerminationByKubelet")
_DEADLINE = re.compile(r"active on the node longer than the specified deadline")
_LATE = re.compile(r"the specified deadline|exceeded its deadline|exceeded workflow deadline|^Max duration limit")
_PENDING = "timeout"
"""What Argo says of a pod that its template's pendingTimeout ended (4.1.2)."""
_SAYS_NOTHING = re.compile(
    r"^$|^Stopped with strategy|^workflow shutdown with strategy|^timeout$|^(pod|container) deleted$|^pod failed: "
    r"|No more retries left|^retryStrategy|^retry exceeded|ContainerStatusUnknown|ContainerCreating|PodInitializing"
)
_WAITED_IN_VAIN = 64
"""The exit code of a container whose predecessors failed."""
_KILLED = 137
_NEVER_SEEN = "ContainerStatusUnknown"
"""What the kubelet says, with exit code 137, of a container whose end it did not see: of a pod that was deleted."""
_NEVER_RAN = ("StartError", "ContainerCannotRun")
_CLASSES: dict[int, type[SternwayError]] = {Exit.USAGE: Refused, Exit.REFUSED: Refused, Exit.TRANSIENT: Transient}
MEMORY = "raise argo.resources.limits.memory"
_PULL_REMEDY = "argo.image and argo.images say what it is called, argo.imagePullSecrets how it may be pulled"


@dataclass(frozen=True)
class FailedNode:
    """A failed node of a step on its way forward, or of a pod that steps share, which has no step.

    `pod` is the name of its pod; "" for a container of a shared one, whose own node tells of that.
    """

    step: str
    message: str
    pod: str = ""

    @property
    def says_nothing(self) -> bool:
        """Whether Argo does not tell why it failed: what is known of its pod may."""
        return bool(_SAYS_NOTHING.search(self.message) or _LATE.search(self.message))

    @property
    def who(self) -> str:
        """What failed, in words."""
        return f"step {self.step}" if self.step else f"pod {self.pod}"


def failed_nodes(text: str, steps: Iterable[str], unstarted: Iterable[Mapping[str, Any]] = ()) -> list[FailedNode]:
    """Read what failed from `workflow.failures`: of each step the last try, as `steps` are; then whole pods.

    `unstarted`: the nodes of pods that never started, which Argo may leave out (see `workflow_nodes`). Why it gave
    such a one up is told by the nodes above it.
    """
    order = list(steps)
    found: dict[str, tuple[str, FailedNode]] = {}
    called = {container: step for step, container in container_names(order).items()}
    nodes = list(_nodes(text))
    why = next((each["message"] for each in nodes if _gives_up(each)), "")
    for node in (*nodes, *({**each, "message": why or each.get("message")} for each in unstarted)):
        name, template = str(node.get("displayName", "")), str(node.get("templateName", ""))
        if not template.startswith(FORWARD):
            continue
        tried, shared = _NUMBER.search(name), not template.startswith("execute-")
        step = called.get(_NUMBER.sub("", name), "") if shared else template.removeprefix("execute-")
        when = f"{int(tried[1]) if tried else -1:06d} {node.get('finishedAt') or ''}"
        if when >= found.get(step or template, ("",))[0]:
            pod = "" if shared and step else str(node.get("podName", ""))
            found[step or template] = (when, FailedNode(step, str(node.get("message") or "").strip(), pod))
    pods = [failed for _, failed in found.values() if not failed.step]
    return [*(found[step][1] for step in order if step in found), *pods]


def _gives_up(node: Mapping[str, Any]) -> bool:
    """Tell whether a node above the pods says that the time of one is up."""
    said, template = str(node.get("message") or ""), str(node.get("templateName") or "")
    return not template.startswith(FORWARD) and (said == _PENDING or bool(_LATE.search(said)))


@dataclass(frozen=True)
class Known:
    """What is known of a step beside its node."""

    seen: str = ""
    """What is known of its pod, "" for nothing."""
    began: bool = False
    """It recorded an attempt, so what it did not seal was cut off."""
    own_deadline: bool = False
    """What passed was its own deadline, and not the Workflow's: the kubelet tells both in the same words."""


def meaning(node: FailedNode, known: Known = Known()) -> Exception | None:
    """Return the error that a failed node stands for; None when it tells no more than that the step was stopped."""
    said, who = node.message, node.who
    if "workflowtaskresults" in said:
        return Refused(f"{who}: {said}", remedy="let its account create and patch workflowtaskresults (argoproj.io)")
    if (ended := _ENDED.search(said)) is not None and ended["why"] != _NEVER_SEEN:
        return _by_exit_code(node, known, ended)
    for text in (said, known.seen):
        if _PULL.search(text):
            return Refused(f"{who}: its image can't be pulled: {text}", remedy=_PULL_REMEDY)
        if _EVICTED.search(text):
            return Stopped(f"{who}: its pod was evicted: {text}")
    return _of_argo(node, known)


def _of_argo(node: FailedNode, known: Known) -> Exception | None:
    """Return what a message of Argo's own stands for, or one of the kubelet's about a whole pod."""
    said, who = node.message, node.who
    if said == _PENDING:
        why = f": {known.seen}" if known.seen else ""
        return Refused(f"{who}: its pod did not start within argo.pendingTimeout{why}", remedy="make room for it")
    if known.own_deadline and _DEADLINE.search(said):
        return Failed(f"{who} ran into its deadline and was killed", remedy="give it more time: its key deadline")
    if _LATE.search(said):
        why = f": {known.seen}" if known.seen and "DeadlineExceeded" not in known.seen else ""
        return Stopped(f"the deadline of the run passed before {who} had ended{why}")
    if said == "pod deleted":
        return Stopped(f"{who}: its pod was deleted")
    text = known.seen if node.says_nothing else said
    return (Stopped if known.began else Refused)(f"{who}: {text}") if text else None


def _by_exit_code(node: FailedNode, known: Known, ended: re.Match[str]) -> Exception | None:
    code, text = int(ended["code"]), (ended["text"] or "").strip()
    if ended["why"] == "OOMKilled" or code == _KILLED:
        why = "for it took more memory than it may" if ended["why"] == "OOMKilled" else "perhaps for its memory"
        return Failed(f"{node.who} was killed (exit code {code}), {why}", remedy=MEMORY)
    if code in (Exit.STOPPED, _WAITED_IN_VAIN):
        return None
    if ended["why"] in _NEVER_RAN:
        never_ran = Stopped if known.began else Refused
        return never_ran(f"{node.who}: its container could not be started: {text}")
    return _CLASSES.get(code, Failed)(text or f"{node.who} ended with exit code {code}")


def killed_rollbacks(text: str, steps: Iterable[str]) -> dict[str, Exception]:
    """Return an error for each step whose rollback took more memory than it may, by `workflow.failures`."""
    found = dict[str, Exception]()
    order = list(steps)
    for node in _nodes(text):
        template = str(node.get("templateName", ""))
        alone = template.removeprefix(_ROLLBACK) if template.startswith(_ROLLBACK) else ""
        step = alone or step_of_rollback(str(node.get("displayName", "")), order)
        ended = _ENDED.search(str(node.get("message") or ""))
        if step and (alone or template.startswith(_BACK)) and ended is not None and int(ended["code"]) == _KILLED:
            error = f"{step}: its rollback was killed (exit code {_KILLED}), as what takes more memory than it may is"
            found[step] = RollbackFailed(error, remedy=MEMORY)
    return found


def _nodes(text: str) -> Iterator[Mapping[str, Any]]:
    value: Any = text
    for _ in range(2):
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                return
    for node in value if isinstance(value, list) else ():
        if isinstance(node, dict):
            yield node
