"""The command line as a process that can be killed; forked from one that has loaded it, to start in no time."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.forked import CONTEXT


class Client:
    """One call of `sternway`; `said` is what it wrote, and `ended` its exit code."""

    def __init__(self, arguments: Sequence[str], kubeconfig: str, folder: Path) -> None:
        self._said = folder / "said.txt"
        self._go = CONTEXT.Event()
        self._process = CONTEXT.Process(target=_call, args=(self._go, list(arguments), kubeconfig, str(self._said)))
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def go(self) -> None:
        """Let it go."""
        self._go.set()

    def ended(self) -> int:
        """Let it go, and wait for its end."""
        self.go()
        self._process.join(150)
        if self._process.exitcode is None:
            self._process.kill()
            raise AssertionError(f"the client hangs: {self.said()}")
        return self._process.exitcode

    def said(self) -> str:
        """Give what it wrote."""
        return self._said.read_text(errors="replace") if self._said.exists() else ""


def _call(go: object, arguments: list[str], kubeconfig: str, said: str) -> None:
    for name in [name for name in os.environ if name.startswith("STERNWAY_")]:
        del os.environ[name]
    os.environ["KUBECONFIG"] = kubeconfig
    sys.stdout = sys.stderr = open(said, "w", buffering=1)  # noqa: PTH123, SIM115  it is closed with the process
    sys.argv = ["sternway", *arguments]
    go.wait()  # type: ignore[attr-defined]
    from sternway_steps.cli.app import app

    app(prog_name="sternway")
