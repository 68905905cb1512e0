"""A process that has loaded the command line and forks for each command: `python -m tests.inputs.forkserver`.

Reads a JSON object a line (argv, environ, folder, seconds), runs that command with the folder's files stdin, stdout
and stderr, and writes how it ended. What a command may do to this machine is limited: memory, file size, time, and
the network to the loopback interface.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import resource
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from sternway_steps.cli import main as command

MEMORY = 2**30
"""Bytes of data at which a command that eats memory is cut off, long after what it may take."""
_LEFT = ("sternway_steps.sandbox", "sternway_steps.testing")


def load() -> None:
    """Import what commands would import when they are called, so that no fork has to."""
    import sternway_steps
    import sternway_templates

    for package in (sternway_steps, sternway_templates):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=print):
            if not module.name.startswith(_LEFT) and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    importlib.import_module("kubernetes.client.rest")


def main() -> None:
    load()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(play(asked)), flush=True)


def play(asked: dict[str, Any]) -> dict[str, Any]:
    """Run one command in a fork, and tell its code, seconds and megabytes."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _become(asked)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # its files in /proc stay until it is waited for
    seconds = time.monotonic() - began - _queued(child)
    _, status, used = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return {
        "code": code,
        "seconds": seconds,
        "busy": used.ru_utime + used.ru_stime,
        "megabytes": used.ru_maxrss / 1024,
    }


def _queued(process: int) -> float:
    """Return the seconds for which a process could work and others had the processors; 0 where the system can't tell."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def _become(asked: dict[str, Any]) -> None:
    """Be the command; ends as a process of its own does, through the interpreter's end."""
    os.setsid()
    folder = Path(asked["folder"])
    streams = [os.open(folder / "stdin", os.O_RDONLY)]
    streams += [os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) for name in ("stdout", "stderr")]
    notes = os.open(folder / "notes", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(asked["environ"])
    os.chdir(asked["cwd"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**26, 2**26))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, asked["seconds"])
    sys.dont_write_bytecode = True
    sys.argv = ["sternway", *asked["argv"]]
    sys.orig_argv = [sys.executable, "-m", "sternway_steps", *asked["argv"]]
    _watch(notes, os.path.realpath(asked["room"]), asked["programs"])
    command()
    raise SystemExit(0)


_CHANGING = {
    "os.mkdir",
    "os.remove",
    "os.rmdir",
    "os.rename",
    "os.symlink",
    "os.link",
    "os.truncate",
    "os.chmod",
    "os.chown",
}
_STARTING = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"}


def _watch(notes: int, room: str, programs: bool) -> None:
    """Note what is changed and which programs are started; what is outside of the room, and no local host, is refused."""

    def note(text: str) -> None:
        os.write(notes, f"{text}\n".encode(errors="replace"))

    def within(path: Any) -> bool:
        text = os.path.realpath(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else room
        return text == room or text.startswith((room + "/", "/dev/null", "/proc/self/"))

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if (
            event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        ) or event in _CHANGING:
            note(f"change {given[0]!r}")
            if not within(given[0]):
                raise PermissionError(13, "Permission denied", given[0])
        elif event in _STARTING:
            note(f"start {given[0]!r}")
            if not programs:
                raise FileNotFoundError(2, "No such file or directory", str(given[0]))
        elif event == "socket.connect" and isinstance(given[1], tuple) and not _local(given[1][0]):
            raise OSError(101, "Network is unreachable")
        elif event == "socket.getaddrinfo" and not _numeric(given[0]):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    sys.addaudithook(hook)


def _local(host: Any) -> bool:
    return str(host).startswith("127.") or host in ("::1", "localhost")


def _numeric(host: Any) -> bool:
    text = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    return host is None or text == "localhost" or all(sign in "0123456789abcdef.:" for sign in text)


if __name__ == "__main__":
    main()
