"""Runs a command in a container of docker or podman, through their command lines, which take the same arguments."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from ...errors import Failed, Refused, Stopped, Transient
from ...existing import is_dir
from ...process.child import Child, signal_group, start
from ...process.client_variables import is_of_client
from ...process.marked import CHILD, GRACE, end_marked
from ...process.output import Output
from ...process.run import Answer, answer
from ...process.supervise import attend
from ...process.surroundings import surroundings
from ...step import Context
from .environment import Resolved
from .invocation import LABEL, Invocation
from .record import Begun, Ended

WORK = "/work"
"""The path of the user's folder in a container, and its working directory."""
_NEVER = "0001-01-01"
"""When a container started whose program never began: a missing program, a runtime that refuses."""
_ASKING = 30.0
# Podman has no id for itself; it has no daemon either, so the machine stands for it.
_IDS = {"docker": "{{.ID}}"}


class Containers:
    """Starts containers; `program` is docker or podman."""

    def __init__(self, program: str) -> None:
        self.name = program

    def findings(self, context: Context, work: Invocation) -> list[str]:
        """Return what speaks against a command: the program, its engine, the folder, names that can't be handed on."""
        found = []
        if shutil.which(self.name) is None:
            found.append(f"step {context.step}: {self.name} is not on PATH")
        else:
            try:
                self.where(context)
            except Refused as bad:
                found.append(f"step {context.step}: {bad.message}")
        if work.folder and not is_dir(work.folder):
            found.append(f"step {context.step}: folder {work.folder} does not exist")
        found += [
            f"step {context.step}: {name} also says how {self.name} itself works, so it can't be taken from a Secret"
            for name in work.references
            if is_of_client(name)
        ]
        return found

    def prepare(self, context: Context, work: Invocation) -> None:
        """Pull the image if it is not there."""
        if self._ask("image", "inspect", "--format", "{{.Id}}", work.image).code == 0:
            return
        context.say(f"pulling {work.image}", passing=True)
        output = Output(lambda _: None)
        if attend(start([self.name, "pull", "--quiet", work.image], surroundings()), output, context.check) != 0:
            last_line = " ".join(output.lines[-1:])
            away = any(
                word in last_line.lower() for word in ("timeout", "connection refused", "no such host", "toomany")
            )
            raise (Transient if away else Refused)(f"image {work.image} can't be pulled: {last_line}")

    def where(self, context: Context) -> str:  # noqa: ARG002
        """Name the engine; raises Refused when it does not answer."""
        form = _IDS.get(self.name)
        done = self._ask("info", "--format", form or "{{.Host.Hostname}}")
        if done.code != 0:
            raise Refused(f"{self.name} does not answer: {_last(done)}", remedy=f"start {self.name}, or grant access")
        return done.out.strip() if form else socket.gethostname()

    def run(self, context: Context, work: Invocation, resolved: Resolved, output: Output) -> Ended:
        """Run it to its end; its container is gone then."""
        with tempfile.TemporaryDirectory(prefix="sternway-") as folder:
            id_file = Path(folder, "id")
            handed = {**work.plain, **resolved.values, **work.told}
            by_name = {name: value for name, value in handed.items() if not is_of_client(name)}
            env_file = _env_file(Path(folder, "env"), {n: v for n, v in handed.items() if n not in by_name})
            child = start(self._arguments(work, handed, id_file, env_file), {**surroundings(), **by_name})
            try:
                code = self._attend(child, context, id_file, output)
            except Stopped as stopped:
                made = self._made(id_file)
                began = bool(made) and self._began(made) is not False
                self._remove(made)
                return Ended(None, began, output.lines, stopped.message, stopped=True)
            made = self._made(id_file)
            began = code == 0 or (bool(made) and self._began(made) is not False)
            self._remove(made)
        if not began:
            why = f"{self.name} could not {'start' if made else 'make'} the container: {' '.join(output.lines[-2:])}"
            return Ended(code, started=False, log=output.lines, why=why)
        return Ended(code, log=output.lines)

    def _made(self, id_file: Path) -> str:
        return id_file.read_text().strip() if id_file.is_file() else ""

    def _began(self, name: str) -> bool | None:
        """Tell whether a container's program ever began; None when the engine has no such container."""
        done = self._ask("inspect", "--type", "container", "--format", "{{.State.StartedAt}}", name)
        return None if done.code != 0 else not done.out.strip().startswith(_NEVER)

    def _attend(self, child: Child, context: Context, id_file: Path, output: Output) -> int:
        """Stay with the client: its container is stopped by the engine, which no signal to the client is sure to do."""
        stopping: list[Child] = []

        def ask() -> None:
            if made := self._made(id_file):
                words = [self.name, "stop", "--time", f"{GRACE:.0f}", made]  # waits for the container; we do not
                stopping.append(start(words, surroundings(), out=subprocess.DEVNULL))
            else:
                signal_group(child, signal.SIGTERM)

        try:
            return attend(child, output, context.check, ask=ask, kill=lambda: self._remove(self._made(id_file)))
        finally:
            for each in stopping:
                signal_group(each, signal.SIGKILL)
                each.wait()

    def end(self, context: Context, begun: Begun) -> bool | None:
        """Remove the container, and the client that may be about to start it."""
        if begun.where != self.where(context):
            raise Failed(
                f"container {begun.name} may still run on another {self.name}, {begun.where}",
                remedy="call the undo where it ran; when that machine is gone: --on-conflict force",
            )
        end_marked(begun.mark)  # the client inherits the variables: one that lives could still make the container
        began = None
        if made := self._listed(begun):
            began = self._began(made)
            self._ask("stop", "--time", f"{GRACE:.0f}", made, patience=GRACE + _ASKING)
            self._remove(made)
        end = time.monotonic() + _ASKING
        while self._listed(begun):
            if time.monotonic() > end:
                raise Failed(f"container {begun.name} can't be removed", remedy=f"{self.name} rm --force {begun.name}")
            context.stop.wait(0.2)
        return began

    def _remove(self, made: str) -> None:
        if made:
            self._ask("rm", "--force", "--volumes", made)

    def _listed(self, begun: Begun) -> str:
        """Return the id of an attempt's container; "" for none. A run of another journal may have called its own so."""
        words = ["ps", "--all", "--quiet", "--filter", f"name=^/?{begun.name}$"]
        words += ["--filter", f"label={LABEL}={begun.mark[CHILD]}"] if CHILD in begun.mark else []
        done = self._ask(*words)
        if done.code != 0:
            raise Transient(f"{self.name} does not say whether container {begun.name} runs: {_last(done)}")
        return done.out.strip()

    def _arguments(self, work: Invocation, handed: dict[str, str], id_file: Path, env_file: list[str]) -> list[str]:
        """Return the arguments. Values go by the client's own environment, or a file: others may read arguments."""
        options = work.options
        # Without a log of the engine's own, for its output comes here: to write all of it twice takes its time.
        words = [self.name, "run", "--log-driver", "none", "--pull", "never", "--name", work.name]
        words += ["--cidfile", str(id_file), "--label", f"{LABEL}={work.told.get(CHILD, '')}"]
        words += env_file
        for name, value in handed.items():
            if not is_of_client(name):
                words += ["--env", name]
            elif "\n" in value:  # no line of a file
                words += ["--env", f"{name}={value}"]
        for key in ("network", "user", "workdir"):
            words += [f"--{key}", str(options[key])] if key in options else []
        if work.folder:
            words += ["--volume", f"{work.folder}:{WORK}:ro"]
            words += [] if "workdir" in options else ["--workdir", WORK]
        return [*words, "--entrypoint", work.argv[0], work.image, *work.argv[1:]]

    def _ask(self, *words: str, patience: float = _ASKING) -> Answer:
        try:
            return answer([self.name, *words], patience)
        except FileNotFoundError as error:
            raise Refused(f"{self.name} is not on PATH", remedy="install it") from error
        except TimeoutError as error:
            raise Transient(f"{self.name} {words[0]} did not answer in {patience:.0f} s") from error


def _env_file(path: Path, variables: dict[str, str]) -> list[str]:
    """Write variables into a file of our own folder, a line each, and return the option that names it."""
    lines = [f"{name}={value}\n" for name, value in variables.items() if "\n" not in value]
    if not lines:
        return []
    path.write_text("".join(lines), encoding="utf-8", errors="surrogateescape")
    return ["--env-file", str(path)]


def _last(done: Answer) -> str:
    return (done.err.strip() or done.out.strip() or f"exit code {done.code}").splitlines()[-1]
