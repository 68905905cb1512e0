"""A process that dies at its n-th request, for the tests of `test_kill`."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from sternway_steps.config import Config
from sternway_steps.saga.job import Job
from sternway_steps.session import Session
from sternway_steps.spec import Action

from tests.forked import CONTEXT, DIED

__all__ = ["DIED", "resume_until", "rollback", "rollback_until", "run", "run_until", "step_until"]


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


def run_until(kubeconfig: str, config: Config, run_id: str, request: str, job: Job | None = None) -> int:
    """Run a config in a process that kills itself after the request `METHOD END-OF-PATH`, or the n-th such one: `… N`."""
    return _in_process(_run_until, kubeconfig, config.to_dict(), run_id, request, job)


def resume_until(kubeconfig: str, run_id: str, request: str) -> int:
    """Go on with a run in such a process."""
    return _in_process(_resume_until, kubeconfig, run_id, request)


def rollback_until(kubeconfig: str, run_id: str, request: str) -> int:
    """Roll a run back in such a process."""
    return _in_process(_rollback_until, kubeconfig, run_id, request)


def step_until(kubeconfig: str, config: Config, run_id: str, workflow: str, request: str) -> int:
    """Execute the step deploy of a Workflow in such a process."""
    return _in_process(_step_until, kubeconfig, config.to_dict(), run_id, workflow, request)


def _run_until(kubeconfig: str, config: dict[str, Any], run_id: str, request: str, job: Job | None) -> None:
    with Session(kubeconfig=kubeconfig, on_request=_KillerAt(request)) as session:
        os._exit(session.run(Config.from_dict(config), run=run_id, job=job).exit_code)


def _resume_until(kubeconfig: str, run_id: str, request: str) -> None:
    with Session(kubeconfig=kubeconfig, on_request=_KillerAt(request)) as session:
        os._exit(session.resume(run_id).exit_code)


def _rollback_until(kubeconfig: str, run_id: str, request: str) -> None:
    with Session(kubeconfig=kubeconfig, on_request=_KillerAt(request)) as session:
        os._exit(session.rollback(run_id).exit_code)


def _step_until(kubeconfig: str, config: dict[str, Any], run_id: str, workflow: str, request: str) -> None:
    with Session(kubeconfig=kubeconfig, on_request=_KillerAt(request)) as session:
        made = session.step(Config.from_dict(config), "deploy", Action.EXECUTE, run_id, lambda _: None, workflow)
        os._exit(made.exit_code)


class _KillerAt:
    def __init__(self, request: str) -> None:
        self._method, self._end, *count = request.split()
        self._left = int(count[0]) if count else 1
        self._lock = threading.Lock()

    def __call__(self, request: Any) -> None:
        if request.method != self._method or not request.path.endswith(self._end):
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
