"""What may strike a Workflow on its way: somebody ends it, something of it is killed, or what runs it is."""

from __future__ import annotations

import random
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sternway_steps.objects.ref import Ref

from tests.argo.conftest import API, OnArgo

ENDED = ("Succeeded", "Failed")
TERMINATE, DELETE = "terminate", "delete"
BY_PEOPLE = (TERMINATE, DELETE)
"""After these Argo runs no exit handler, or runs none to its end."""
POD, PROCESS = "pod", "process"


@dataclass(frozen=True)
class Strikes:
    """Strikes the Workflow that a runner submitted last. `restarts` are commands, by what they kill and start again."""

    runner: OnArgo
    chance: random.Random
    kill: str = ""
    """A command of the node's that kills a container's process; {container} stands for its id."""
    restarts: Mapping[str, str] = field(default_factory=dict)

    def kinds(self) -> tuple[str, ...]:
        """Name what can be done here."""
        return (*BY_PEOPLE, POD, *([PROCESS] if self.kill else []), *self.restarts)

    def strike(self, what: str, run: str) -> str:
        """Do it, and tell what was struck; returns when it is done, a restart when all is started again."""
        does: dict[str, Callable[[str], str]] = {
            TERMINATE: self._terminate, DELETE: self._delete, POD: self._kill_pod, PROCESS: self._kill_process,
        }  # fmt: skip
        return does[what](run) if what in does else self._restart(what, run)

    def pods(self, name: str = "") -> list[dict[str, Any]]:
        """Give the pods of the Workflow that have not ended."""
        labels = f"workflows.argoproj.io/workflow={name or self.runner.name}"
        found = self.runner.client.list("v1", "Pod", self.runner.namespace, labels=labels).items
        return [pod for pod in found if pod["status"].get("phase") not in ENDED]

    def _terminate(self, run: str) -> str:
        self.runner.client.patch(self._workflow(), {"spec": {"shutdown": "Terminate"}}, manager="test")
        return ""

    def _delete(self, run: str) -> str:
        self.runner.client.delete(self._workflow(), uid=run, propagation="Background")
        return ""

    def _kill_pod(self, run: str) -> str:
        """Delete a pod without any grace: the API server forgets it at once, as it does those of a lost node."""
        pods = self.pods()
        if not pods:
            return "no pod"
        name = str(self.chance.choice(pods)["metadata"]["name"])
        self.runner.kubectl("-n", self.runner.namespace, "delete", "pod", name, "--grace-period=0", "--force", "--wait=false", "--ignore-not-found")  # fmt: skip
        return name

    def _kill_process(self, run: str) -> str:
        running = [
            (f"{pod['metadata']['name']}/{status['name']}", status["containerID"].rpartition("//")[2])
            for pod in self.pods()
            for status in pod["status"].get("containerStatuses", [])
            if "running" in status["state"]
        ]
        if not running:
            return "no process"
        name, container = self.chance.choice(running)
        command = [word.format(container=container) for word in shlex.split(self.kill)]
        subprocess.run(command, check=False, capture_output=True, timeout=60)  # it may have ended by itself
        return name

    def _restart(self, what: str, run: str) -> str:
        """Kill and start again what runs it; every other time the Workflow is terminated just before."""
        ended = self.chance.random() < 0.5
        if ended:
            self._terminate(run)
        began = time.monotonic()
        subprocess.run(shlex.split(self.restarts[what]), check=True, capture_output=True, timeout=180)
        return f"{'terminated, ' if ended else ''}away {time.monotonic() - began:.1f} s"

    def _workflow(self) -> Ref:
        return Ref(API, "Workflow", self.runner.namespace, self.runner.name)
