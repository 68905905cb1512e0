"""What Argo tells a handler of the nodes that failed: which steps they belong to, and what that means. Pure.

Argo gives the handler one variable, `workflow.failures`: the failed nodes as JSON, in a string that is quoted again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Failed, Refused, SternwayError, Stopped, Transient
from ..exits import Exit
from .container_names import container_names

FORWARD = ("execute-", "forward")
"""How the templates are called whose pods go forward: those of one step, and those of several."""
_NUMBER = re.compile(r"\((\d+)\)$")
_ENDED = re.compile(r"(?:^|: )(?P<why>\w+) \(exit code (?P<code>\d+)\)(?:: (?P<text>.*))?$", re.DOTALL)
_PULL = re.compile(
    r"ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|[Ff]ailed to pull|pull(ing)? image"
)
_EVICTED = re.compile(r"low on resource|[Ee]victed|[Pp]reempt|exceeds the total limit|TerminationByKubelet")
_DEADLINE = re.compile(r"active on the node longer than the specified deadline")
_SAYS_NOTHING = re.compile(
    r"^$|^Stopped with strategy|No more retries left|^retryStrategy|^retry exceeded|^pod failed: "
    r"|ContainerCreating|PodInitializing"
)
_WAITED_IN_VAIN = 64
"""The exit code of a container whose predecessors failed."""
_KILLED = 137
_NEVER_RAN = ("StartError", "ContainerCannotRun")
_CLASSES: dict[int, type[SternwayError]] = {Exit.USAGE: Refused, Exit.REFUSED: Refused, Exit.TRANSIENT: Transient}
MEMORY = "raise argo.resources.limits.memory"
_PULL_REMEDY = "argo.image and argo.images say what it is called, argo.imagePullSecrets how it may be pulled"


@dataclass(frozen=True)
class FailedNode:
    """A failed node of a step on its way forward; `pod` is the name of its pod."""

    step: str
    message: str
    pod: str = ""

    @property
    def says_nothing(self) -> bool:
        """Whether Argo does not tell why it failed: what is known of its pod may."""
        return bool(_SAYS_NOTHING.search(self.message)) or "deadline" in self.message or "pod deleted" in self.message


def failed_nodes(text: str, steps: Iterable[str]) -> list[FailedNode]:
    """Read the failed nodes of steps from `workflow.failures`, in the order of `steps`; of each step the last try."""
    found: dict[str, tuple[str, FailedNode]] = {}
    names = list(steps)
    called = {container: step for step, container in container_names(names).items()}
    for node in _nodes(text):
        name, template = str(node.get("displayName", "")), str(node.get("templateName", ""))
        tried = _NUMBER.search(name)
        alone = template.startswith("execute-")
        step = template.removeprefix("execute-") if alone else called.get(_NUMBER.sub("", name), "")
        when = f"{int(tried[1]) if tried else -1:06d} {node.get('finishedAt') or ''}"
        if template.startswith(FORWARD) and when >= found.get(step, ("",))[0]:
            pod = str(node.get("podName", ""))
            found[step] = (when, FailedNode(step, str(node.get("message") or "").strip(), pod))
    return [found[step][1] for step in names if step in found]


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
    said, step = node.message, f"step {node.step}"
    for text in (said, known.seen):
        if _PULL.search(text):
            return Refused(f"{step}: its image can't be pulled: {text}", remedy=_PULL_REMEDY)
        if _EVICTED.search(text):
            return Stopped(f"{step}: its pod was evicted: {text}")
    if "workflowtaskresults" in said:
        return Refused(f"{step}: {said}", remedy="let its account create and patch workflowtaskresults (argoproj.io)")
    if known.own_deadline and _DEADLINE.search(said):
        return Failed(f"{step} ran into its deadline and was killed", remedy="give it more time: its key deadline")
    if "deadline" in said:
        why = f": {known.seen}" if known.seen and "DeadlineExceeded" not in known.seen else ""
        return Stopped(f"the deadline of the run passed before {step} had ended{why}")
    if said == "pod deleted":
        return Stopped(f"{step}: its pod was deleted")
    return _by_exit_code(node, known)


def _by_exit_code(node: FailedNode, known: Known) -> Exception | None:
    step, ended = f"step {node.step}", _ENDED.search(node.message)
    never_ran = Stopped if known.began else Refused
    if ended is None:
        text = known.seen if node.says_nothing else node.message
        return never_ran(f"{step}: {text}") if text else None
    code, text = int(ended["code"]), (ended["text"] or "").strip()
    if ended["why"] == "OOMKilled" or code == _KILLED:
        why = "for it took more memory than it may" if ended["why"] == "OOMKilled" else "perhaps for its memory"
        return Failed(f"{step} was killed (exit code {code}), {why}", remedy=MEMORY)
    if code in (Exit.STOPPED, _WAITED_IN_VAIN):
        return None
    if ended["why"] in _NEVER_RAN:
        return never_ran(f"{step}: its container could not be started: {text}")
    return _CLASSES.get(code, Failed)(text or f"{step} ended with exit code {code}")


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
