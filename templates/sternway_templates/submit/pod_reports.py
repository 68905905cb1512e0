"""What only a run on Argo has: pods that wait or never began, and the progress that pods report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sternway_steps.journal.replay import Attempt
from sternway_steps.step import Action, Progress

from .events import EventEmitter
from .nodes import Pod, message_of, phase_of, pods


class PodReporter:
    """Reports each thing once."""

    def __init__(self, note: Callable[[str], None], emitter: EventEmitter) -> None:
        self._note = note
        self._emitter = emitter
        self._reported: set[str] = set()
        self._counts: dict[str, str] = {}

    def update(self, workflow: Mapping[str, Any], attempts: Sequence[Attempt]) -> None:
        """Report the lock that the Workflow waits for, pods that can't start, and pods without an attempt."""
        if phase_of(workflow) == "Pending" and (message := message_of(workflow)):
            self._report(f"the Workflow waits: {message}")
        for pod in pods(workflow):
            if pod.stuck:
                self._report(f"{_name(pod)} waits: {pod.stuck}")
            begun = sum((a.step, a.action) == (pod.step, pod.action) for a in attempts)
            if pod.over and pod.phase != "Succeeded" and pod.action is not None and begun < pod.number:
                self._report(f"{_name(pod)} ended before it began: {pod.message or pod.phase}")

    def progress(self, workflow: Mapping[str, Any]) -> None:
        """Emit the progress that the pods report."""
        for pod in pods(workflow):
            if pod.phase == "Running" and pod.action is not None:
                self._progress(pod, pod.action)

    def why(self, workflow: Mapping[str, Any]) -> dict[tuple[str, Action], str]:
        """Return Argo's message about the last pod of each step's action."""
        return {(pod.step, pod.action): pod.message for pod in pods(workflow) if pod.action is not None}

    def _progress(self, pod: Pod, action: Action) -> None:
        before, self._counts[pod.id] = self._counts.get(pod.id, ""), pod.progress
        done, slash, wanted = pod.progress.partition("/")
        # Argo gives every pod 0/1 to begin with; only what differs from that was said by the step.
        if pod.progress in (before, "0/1") or not slash or not (done + wanted).isdigit():
            return
        self._emitter.progress(pod.step, action, Progress("ready, by its pod", int(done), int(wanted), passing=True))

    def _report(self, text: str) -> None:
        if text not in self._reported:
            self._reported.add(text)
            self._note(text)


def _name(pod: Pod) -> str:
    return f"{pod.action.value} {pod.step}" if pod.action is not None else "the report"
