"""Runs a step's actions in processes of their own, which share nothing but the journal and the world."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

from ..errors import Transient, with_kind
from ..step import Action
from .points import Points, outside
from .trial import Trial

_CONTEXT = multiprocessing.get_context("forkserver")
_TRIES = 5


def execute(trial: Trial, number: int, folder: Path) -> None:
    """Execute in a process that is killed at the n-th point outside of its code; it may end before."""
    for _ in range(_TRIES):
        wrong = _in_process(trial, Action.EXECUTE, number, folder)
        if not wrong.startswith(Transient.__name__):
            break
    if wrong:
        raise AssertionError(f"execute in another process failed: {wrong}")


def roll_back(trial: Trial, folder: Path) -> str:
    """Roll back in a process of its own; return the error as text, "" when there is none."""
    return _in_process(trial, Action.ROLLBACK, 0, folder)


def _in_process(trial: Trial, action: Action, number: int, folder: Path) -> str:
    try:
        pickle.dumps(trial)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        message = f"another process can't make this step ({error}): define it in a module, or set own_process = False"
        raise AssertionError(message) from error
    own = Path(tempfile.mkdtemp(dir=folder, prefix="process-"))
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_work, args=(trial, action, number, str(own), dict(os.environ), theirs))
    process.start()
    theirs.close()
    allowed = trial.subject.limit.left()
    process.join(allowed)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(trial.subject.limit.text(f"{action.value} in another process", allowed))
    error_text = str(ours.recv()) if process.exitcode == 0 else ""
    ours.close()
    if process.exitcode not in (0, -signal.SIGKILL):
        raise AssertionError(f"{action.value} in another process ended with {process.exitcode}")
    return error_text


def _work(trial: Trial, action: Action, number: int, own: str, environ: dict[str, str], answer: Connection) -> None:
    os.environ.clear()
    os.environ.update(environ, TMPDIR=own, HOME=own, XDG_STATE_HOME=own)
    tempfile.tempdir = None
    os.chdir(own)
    count = [0]

    def at(_number: int, what: str) -> bool:
        count[0] += outside(what)
        return outside(what) and count[0] == number

    done = trial.act(action, Points(at, lambda _: os.kill(os.getpid(), signal.SIGKILL)))
    answer.send(with_kind(done.error) if done.error is not None else "")
