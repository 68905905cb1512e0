"""A process that dies at its n-th request, for the tests of `test_kill`."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from sternway_steps.config import Config
from sternway_steps.session import Session

from tests.forked import CONTEXT, DIED

__all__ = ["DIED", "rollback", "run"]


def run(kubeconfig: str, config: Config, run_id: str, die_at: int) -> int:
    """Run a config in a process that kills itself after its n-th request; gives how the process ended."""
    return _in_process(_run, kubeconfig, config.to_dict(), run_id, die_at)


def rollback(kubeconfig: str, run_id: str, die_at: int) -> int:
    """Roll a run back in such a process."""
    return _in_process(_rollback, kubeconfig, run_id, die_at)


def _in_process(target: Any, *arguments: Any) -> int:
    process = CONTEXT.Process(target=target, args=arguments)
    process.start()
    process.join(120)
    assert process.exitcode is not None, "the process hangs"
    return process.exitcode


def _run(kubeconfig: str, config: dict[str, Any], run_id: str, die_at: int) -> None:
    with Session(kubeconfig=kubeconfig, on_request=_Killer(die_at)) as session:
        os._exit(session.run(Config.from_dict(config), run=run_id).exit_code)


def _rollback(kubeconfig: str, run_id: str, die_at: int) -> None:
    with Session(kubeconfig=kubeconfig, on_request=_Killer(die_at)) as session:
        os._exit(session.rollback(run_id).exit_code)


class _Killer:
    def __init__(self, die_at: int) -> None:
        self._left = die_at
        self._lock = threading.Lock()

    def __call__(self, _request: Any) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
