"""Runs a builder's program: its output told line by line, never gathered; ended with all its children when stopped."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from ...errors import Refused

_LINE = 2000
"""Bytes of a line that are told; a progress bar without an end is no reason to keep all of it."""
_TAIL = 40
_POLL = 0.1
_GRACE = 0.8
"""Seconds between SIGTERM and SIGKILL: a step's process that was told to stop leaves after one (cli.signals)."""
# A builder that outlives a killed step would move the tag after the undo: on Linux the kernel ends it with us.
_DIE_WITH_US = (
    "import ctypes, os, sys\n"
    "getattr(ctypes.CDLL(None), 'prctl', lambda *_: 0)(1, 9)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


@dataclass(frozen=True)
class Ran:
    """How a program ended, and the last lines it wrote."""

    code: int
    tail: tuple[str, ...]


def run(
    command: Sequence[str],
    check: Callable[[], None],
    said: Callable[[str], None] = lambda _: None,
    *,
    environ: Mapping[str, str] | None = None,
    hide: Sequence[str] = (),
) -> Ran:
    """Run a program to its end.

    Args:
        command: the program and its arguments.
        check: raises when the run was stopped; then the program's process group is ended.
        said: told each line, as it comes; standard error and standard output in their order.
        environ: variables, laid over this process's own.
        hide: texts that are shown as ***.

    Raises: what `check` raises; Refused when the program can't be started.

    """
    with _started(command, environ or {}) as process:
        tail: deque[str] = deque(maxlen=_TAIL)
        assert process.stdout is not None  # noqa: S101  for the type checker
        for line in _lines(process, process.stdout, check):
            shown = _hidden(line, hide)
            tail.append(shown)
            said(shown)
        return Ran(process.wait(), tuple(tail))


def _hidden(line: str, texts: Sequence[str]) -> str:
    for text in texts:
        line = line.replace(text, "***")
    return line


@contextmanager
def _started(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    wrapped = [sys.executable, "-I", "-S", "-c", _DIE_WITH_US, *command]
    try:
        process = subprocess.Popen(  # noqa: S603  programs of the config's choice are what this step runs
            wrapped,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **environ},
        )
    except OSError as error:
        raise Refused(f"{command[0]} can't be started: {error.strerror}") from error
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the program's process group."""
    try:
        if process.poll() is None:
            _signal(process, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)
    finally:
        _signal(process, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _lines(process: subprocess.Popen[bytes], pipe: IO[bytes], check: Callable[[], None]) -> Iterator[str]:
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            check()
            if not selector.select(_POLL):
                if process.poll() is not None:  # a child that went on its own way holds the pipe
                    break
                continue
            piece = os.read(pipe.fileno(), 65536)
            if not piece:
                break
            *whole, rest = (rest + piece).replace(b"\r", b"\n").split(b"\n")
            rest = rest[:_LINE]
            for line in whole:
                if line.strip():
                    yield line[:_LINE].decode(errors="replace").rstrip()
    if rest.strip():
        yield rest.decode(errors="replace").rstrip()
