"""A command as a process of this machine, in a session of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...errors import Failed
from ...step import Context
from .environment import Resolved
from .invocation import GRACE, Invocation
from .output import Output
from .record import Begun, Ended
from .supervise import attend


class Processes:
    """Starts programs here. Whatever they start in turn is known by the variables that all of them inherit."""

    name = "process"

    def findings(self, context: Context, work: Invocation) -> list[str]:
        """Give what speaks against a command: its program, its folder."""
        found = []
        folder = work.folder or "."
        if not Path(folder).is_dir():
            found.append(f"step {context.step}: folder {folder} does not exist")
        for action in ("execute", "rollback"):
            argv = context.options.get(action)
            if argv and _program(argv[0], folder, work.plain.get("PATH")) is None:
                where = f"in {folder}" if "/" in argv[0] else "on PATH"
                found.append(f"step {context.step}: the program {argv[0]} is not {where}, or can't be run")
        return found

    def prepare(self, context: Context, work: Invocation) -> None:
        """Do nothing: the program is there."""

    def place(self, context: Context) -> str:  # noqa: ARG002
        """Name this machine."""
        return socket.gethostname()

    def run(self, context: Context, work: Invocation, resolved: Resolved, output: Output) -> Ended:
        """Run it to its end."""
        env = {**os.environ, **work.plain, **resolved.values, **work.told}
        folder = work.folder or "."
        program = _program(work.argv[0], folder, env.get("PATH")) or work.argv[0]
        try:
            child = subprocess.Popen(  # noqa: S603  what the user asks for is what this step is for
                [program, *work.argv[1:]], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return Ended(127, started=False, why=f"{work.argv[0]} can't be started: {error.strerror or error}")
        with child:
            code = attend(
                child, context, output, lambda: _signal(child, signal.SIGTERM), lambda: _signal(child, signal.SIGKILL)
            )
        return Ended(code if code is None or code >= 0 else 128 - code, log=output.lines)

    def end(self, context: Context, begun: Begun) -> None:
        """End every process that carries the attempt's variables."""
        if begun.place != self.place(context):
            raise Failed(
                f"the command of {begun.name} may still run on {begun.place}, which nobody can tell from here",
                remedy=f"call the undo on {begun.place}; when that machine is gone: --on-conflict force",
            )
        end_marked(begun.mark)


def end_marked(mark: Mapping[str, str]) -> None:
    """Ask all processes with these variables to end, and kill those that do not; raises Failed when one stays."""
    import psutil

    # Ourselves and those who called us: a command may call Sternway, and its undo then runs inside of it.
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = [process for process in psutil.process_iter() if process.pid not in own and _carries(process, mark)]
    for process in found:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(found, timeout=GRACE)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    _, alive = psutil.wait_procs(alive, timeout=GRACE)
    if alive:
        raise Failed(f"process {alive[0].pid} can't be ended", remedy="end it, and call the undo again")


def _carries(process: Any, mark: Mapping[str, str]) -> bool:
    import psutil

    try:
        env = process.environ()
    except (psutil.Error, OSError):
        return False  # of another user, or gone by now
    return all(env.get(name) == value for name, value in mark.items())


def _program(name: str, folder: str, path: str | None) -> str | None:
    """Find a program as execvp does; a relative path counts from the command's folder."""
    if "/" in name:
        return shutil.which(str(Path(folder, name).absolute()))
    return shutil.which(name, path=path)


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
