"""Runs a program to its end: with its output reported, or with its short answer returned."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ..errors import Refused
from .child import start
from .marked import CHILD
from .output import Output
from .supervise import attend, supervise
from .surroundings import surroundings

_KEPT = 40
_WIDE = 2000
_ANSWER = 1_048_576
"""Bytes of an answer that are kept of each pipe, unless more is asked for; what follows is let go."""


@dataclass(frozen=True)
class Ran:
    """How a program ended, and the last lines it wrote."""

    code: int
    tail: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """How a program ended, and what it wrote."""

    code: int
    out: str
    err: str


def run(
    command: Sequence[str],
    check: Callable[[], None],
    said: Callable[[str], None] = lambda _: None,
    *,
    environ: Mapping[str, str] | None = None,
    hide: Sequence[str | bytes] = (),
) -> Ran:
    """Run a program to its end; it and its children do not outlive this process.

    Args:
        command: the program and its arguments. One that is not there ends with 127.
        check: raises when the run was stopped; then the program is ended.
        said: told each line, as it comes; standard error and standard output in their order.
        environ: variables, laid over this process's own.
        hide: values that are shown as ***.

    Raises: what `check` raises; Refused when no program can be started.

    """
    mark = {CHILD: os.urandom(16).hex()}
    output = Output(said, hide, kept=_KEPT, wide=_WIDE)
    try:
        child = start(command, {**surroundings(), **(environ or {}), **mark}, guarded=True)
    except OSError as error:
        raise Refused(f"{command[0]} can't be started: {error.strerror}") from error
    return Ran(attend(child, output, check, mark=mark), output.lines)


def answer(
    command: Sequence[str],
    seconds: float | None,
    *,
    environ: Mapping[str, str | None] | None = None,
    folder: str | None = None,
    terminal: bool = False,
    given: bytes = b"",
    most: int = _ANSWER,
    check: Callable[[], None] = lambda: None,
) -> Answer:
    """Run a program that answers shortly.

    Args:
        command: the program and its arguments.
        seconds: how long it may take; None for ever.
        environ: variables, laid over this process's own; one that is None it does not get.
        folder: where it runs; None for here.
        terminal: it talks with the user: what it reads is the terminal, and so is where its errors go.
        given: what it reads, a few words; nothing when it talks with the user.
        most: bytes of its output that are kept of each pipe.
        check: raises when the run was stopped; then it is ended.

    Raises: what `check` raises; OSError when it can't be started; TimeoutError when it took too
        long, and is ended with its group.

    """
    end = None if seconds is None else time.monotonic() + seconds

    def in_time() -> None:
        check()
        if end is not None and time.monotonic() > end:
            raise TimeoutError

    child = subprocess.Popen(  # noqa: S603  the user's own configuration names it
        command, env=_laid_over(environ or {}), cwd=folder, stdin=None if terminal else subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=None if terminal else subprocess.PIPE, start_new_session=not terminal,
    )  # fmt: skip
    if child.stdin is not None:
        with suppress(BrokenPipeError), child.stdin:
            child.stdin.write(given)
    out, err = bytearray(), bytearray()
    pipes = [(child.stdout, out), (child.stderr, err)]
    code = supervise(child, {pipe: _taking(text, most) for pipe, text in pipes if pipe is not None}, in_time)
    return Answer(code, out.decode(errors="replace"), err.decode(errors="replace"))


def _laid_over(environ: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in {**surroundings(), **environ}.items() if value is not None}


def _taking(text: bytearray, most: int) -> Callable[[bytes], None]:
    return lambda piece: text.extend(piece[: most - len(text)])
