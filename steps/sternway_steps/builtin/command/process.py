"""Runs a command as a process of this machine, in a session of its own."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from ...errors import Failed, Stopped
from ...existing import is_dir
from ...process.child import start_kept
from ...process.marked import CHILD, end_marked
from ...process.output import Output
from ...process.supervise import attend
from ...process.surroundings import surroundings
from ...step import Context
from .environment import Resolved
from .invocation import Invocation
from .record import Begun, Ended


class Processes:
    """Starts programs here. Whatever they start in turn is recognised by variables that all of them inherit."""

    name = "process"

    def findings(self, context: Context, work: Invocation) -> list[str]:
        """Return what speaks against a command: its program, its folder."""
        found = []
        folder = work.folder or "."
        if not is_dir(folder):
            found.append(f"step {context.step}: folder {folder} does not exist")
        for action in ("execute", "rollback"):
            argv = context.options.get(action)
            if argv and _program(argv[0], folder, work.plain.get("PATH")) is None:
                found.append(f"step {context.step}: {_missing(argv[0], folder)}")
        return found

    def prepare(self, context: Context, work: Invocation) -> None:
        """Do nothing: the program is there."""

    def where(self, context: Context) -> str:  # noqa: ARG002
        """Name this machine."""
        return socket.gethostname()

    def run(self, context: Context, work: Invocation, resolved: Resolved, output: Output) -> Ended:
        """Run it to its end."""
        env = {**surroundings(), **work.plain, **resolved.values, **work.told}
        folder = work.folder or "."
        program = _program(work.argv[0], folder, env.get("PATH")) or work.argv[0]
        try:
            child = start_kept([program, *work.argv[1:]], env, folder, work.told.get(CHILD, ""))
        except OSError as error:
            return Ended(127, started=False, why=f"{work.argv[0]} can't be started: {error.strerror or error}")
        try:
            code = attend(child, output, context.check, mark=work.told)
            end_marked(work.told)  # what its keeper could not end
        except Stopped as stopped:
            return Ended(None, stopped=True, why=stopped.message, log=output.lines)
        return Ended(code, log=output.lines)

    def end(self, context: Context, begun: Begun) -> None:
        """End every process that carries the attempt's variables."""
        if begun.where != self.where(context):
            raise Failed(
                f"the command of {begun.name} may still run on {begun.where}, which nobody can tell from here",
                remedy=f"call the undo on {begun.where}; when that machine is gone: --on-conflict force",
            )
        end_marked(begun.mark)


def _missing(name: str, folder: str) -> str:
    """Say why a program can't be started, and what helps."""
    if "/" not in name:
        return f"the program {name} is not on PATH; install it, or let `image` name one that has it"
    path = Path(folder, name)
    if path.is_file():
        return f"the program {name} in {folder} may not be run; chmod +x {path}"
    return f"the program {name} is not in {folder}; correct `execute`, `rollback` or `folder`"


def _program(name: str, folder: str, path: str | None) -> str | None:
    """Find a program as execvp does; a relative path counts from the command's folder."""
    if "/" in name:
        return shutil.which(str(Path(folder, name).absolute()))
    return shutil.which(name, path=path)
