"""The ways in which a command can run, and which one is chosen."""

from __future__ import annotations

import os
import shutil
from typing import Protocol

from ...errors import Refused
from ...process.output import Output
from ...step import Context
from .container import Containers
from .environment import Resolved
from .invocation import Invocation
from .job import Jobs
from .process import Processes
from .record import Begun, Ended


class Runner(Protocol):
    """Runs commands in one way."""

    @property
    def name(self) -> str:
        """The word for it in the config and in the journal."""

    def findings(self, context: Context, work: Invocation) -> list[str]:
        """Return what speaks against a command, without a change."""

    def prepare(self, context: Context, work: Invocation) -> None:
        """Do what is no effect of the command, such as a pull; raises Refused or Transient."""

    def where(self, context: Context) -> str:
        """Name where it runs, so that an undo knows whether it looks at the same place."""

    def run(self, context: Context, work: Invocation, resolved: Resolved, output: Output) -> Ended:
        """Run it to its end. What was asked to stop is ended before this returns, with `code` None."""

    def end(self, context: Context, begun: Begun) -> bool | None:
        """Make sure that a command whose end is unknown does not run any more; raise Failed when that is uncertain.

        Returns False when its program surely never began, True when it did, None when nobody can tell.
        """


def runner_of(context: Context, work: Invocation) -> Runner:
    """Return the runner that the config names, or the one that fits this environment."""
    wanted = str(context.options.get("runner", "auto"))
    if wanted != "auto":
        return runner_named(wanted)
    if not work.image:
        return Processes()
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return Jobs()
    for program in ("docker", "podman"):
        if shutil.which(program):
            return Containers(program)
    raise Refused(
        f"step {context.step} runs in image {work.image}, and neither docker nor podman is on PATH",
        remedy="install one of them, or set runner: kubernetes",
    )


def runner_named(name: str) -> Runner:
    """Return the runner of a name."""
    if name == "kubernetes":
        return Jobs()
    return Processes() if name == "process" else Containers(name)
