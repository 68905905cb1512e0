"""Starts a program in a session of its own, and signals it with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from . import cgroup

_GUARD = Path(__file__).with_name("guard.py")
_KEEPER = Path(__file__).with_name("keeper.py")

Child = subprocess.Popen[bytes]


def start(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    folder: str | None = None,
    guarded: bool = False,
    out: int = subprocess.PIPE,
) -> Child:
    """Start a program with nothing to read; its output and its errors come in their order.

    Args:
        command: the program and its arguments.
        environ: all its variables.
        folder: where it works.
        guarded: it and its group end when this process is gone, even killed (on Linux). A program that is not there
            ends with 127 then.
        out: where its output goes.

    Raises: OSError when it can't be started.

    """
    words = [sys.executable, "-I", "-S", str(_GUARD), str(os.getpid()), *command] if guarded else command
    return subprocess.Popen(  # noqa: S603  what the configuration names is what is to be run
        words, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=out,
        stderr=subprocess.STDOUT if out == subprocess.PIPE else out, start_new_session=True,
    )  # fmt: skip


def start_kept(command: Sequence[str], environ: Mapping[str, str], folder: str, child: str) -> Child:
    """Start a program beside a keeper, which ends all that it leaves running, in a control group if there can be one.

    Args:
        command: the program and its arguments.
        environ: all its variables.
        folder: where it works.
        child: names the group; see `cgroup`.

    Raises: OSError when it can't be started.

    """
    group = cgroup.make(child)
    reads, writes = os.pipe()
    try:
        kept = subprocess.Popen(  # noqa: S603  what the configuration names is what is to be run
            [sys.executable, "-I", "-S", str(_KEEPER), str(writes), group, *command], cwd=folder, env=environ,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            pass_fds=(writes,),
        )  # fmt: skip
    finally:
        os.close(writes)
        with os.fdopen(reads, "rb") as pipe:
            unstarted = pipe.read()  # until the program runs, or can't
    if unstarted:
        kept.communicate()
        cgroup.remove(child)
        raise OSError(int(unstarted), os.strerror(int(unstarted)))
    return kept


def has_ended(child: Child) -> bool:
    """Return whether a child has ended, and leave it unreaped: nobody else can have its group's number till then."""
    if child.returncode is not None:
        return True
    if not hasattr(os, "waitid"):  # macOS before Python 3.13
        return child.poll() is not None
    try:
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def signal_group(child: Child, number: signal.Signals) -> None:
    """Signal all of a child's process group; nobody when it is reaped."""
    if child.returncode is not None:
        return
    with suppress(PermissionError):
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:  # it has no group of its own
            child.send_signal(number)


def exit_code(child: Child) -> int:
    """Return a child's exit code as shells do: 128 and the number of the signal that ended it."""
    code = child.returncode
    return 128 + signal.SIGKILL if code is None else code if code >= 0 else 128 - code
