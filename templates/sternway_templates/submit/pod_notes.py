"""What a run in one process has no word for: pods that wait or never began, and how far they say that they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sternway_steps.journal.replay import Attempt
from sternway_steps.step import Action, Progress

from .events import Telling
from .nodes import Pod, message_of, phase_of, pods


class Notes:
    """Says each thing once."""

    def __init__(self, note: Callable[[str], None], telling: Telling) -> None:
        self._note = note
        self._telling = telling
        self._said: set[str] = set()
        self._counts: dict[str, str] = {}

    def look(self, workflow: Mapping[str, Any], attempts: Sequence[Attempt]) -> None:
        """Say what the Workflow waits for (its lock), which pods can't start, and which ended without an attempt."""
        if phase_of(workflow) == "Pending" and (message := message_of(workflow)):
            self._say(f"the Workflow waits: {message}")
        for pod in pods(workflow):
            if pod.stuck:
                self._say(f"{_name(pod)} waits: {pod.stuck}")
            begun = sum((a.step, a.action) == (pod.step, pod.action) for a in attempts)
            if pod.over and pod.phase != "Succeeded" and pod.action is not None and begun < pod.number:
                self._say(f"{_name(pod)} ended before it began: {pod.message or pod.phase}")

    def progress(self, workflow: Mapping[str, Any]) -> None:
        """Tell how far the pods say that they are."""
        for pod in pods(workflow):
            if pod.phase == "Running" and pod.action is not None:
                self._progress(pod, pod.action)

    def why(self, workflow: Mapping[str, Any]) -> dict[tuple[str, Action], str]:
        """Give what Argo says of the last pod of each step's action."""
        return {(pod.step, pod.action): pod.message for pod in pods(workflow) if pod.action is not None}

    def _progress(self, pod: Pod, action: Action) -> None:
        before, self._counts[pod.id] = self._counts.get(pod.id, ""), pod.progress
        done, slash, wanted = pod.progress.partition("/")
        # Argo gives every pod 0/1 to begin with; only what differs from that was said by the step.
        if pod.progress in (before, "0/1") or not slash or not (done + wanted).isdigit():
            return
        self._telling.progress(pod.step, action, Progress("ready, by its pod", int(done), int(wanted)))

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._note(text)


def _name(pod: Pod) -> str:
    return f"{pod.action.value} {pod.step}" if pod.action is not None else "the report"
