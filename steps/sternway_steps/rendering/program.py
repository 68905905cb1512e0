"""Runs a program that prints objects. When it fails, its own words are told, without values that may be secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from ..config.manifests import MOST_FILE
from ..config.object_sources import Unavailable
from ..journal.key_source import VARIABLE
from ..plain_text import plain
from ..process.mask import Mask
from ..process.run import Answer, answer

_SECONDS = 300.0
"""How long a program may take, which may fetch a chart first."""
_LINES, _WIDE = 12, 500
"""What is told of a program's errors: lines, and characters of each."""
_ERROR = re.compile(r"^error: ?", re.IGNORECASE | re.MULTILINE)
_DEBUG = re.compile(r"^Use --debug flag.*\n?", re.MULTILINE)
_QUOTED = re.compile(r"(cannot unmarshal \S+ )`[^`]*`")
"""Go's YAML quotes the first letters of a value that it can't take."""


def printed(
    command: Sequence[str],
    called: str,
    *,
    given: bytes = b"",
    secrets: Callable[[], Iterable[str]],
    hint: Callable[[str], str] = lambda _: "",
) -> str:
    """Return what a program prints.

    Args:
        command: the program and its arguments, which everybody on the machine can read.
        called: what it is called in messages.
        given: its standard input.
        secrets: returns values that are not told; asked only when it fails.
        hint: returns what helps against its error.

    Raises: Unavailable with its errors and its exit code.

    """
    try:
        ended = answer(command, _SECONDS, given=given, environ={VARIABLE: None}, most=MOST_FILE + 1)
    except TimeoutError:
        raise Unavailable(f"{called} did not end within {_SECONDS:.0f} s", "run it by hand to see why") from None
    except FileNotFoundError:
        raise Unavailable(f"{command[0]} is not on PATH", f"install {command[0]}, or correct PATH") from None
    except OSError as error:
        raise Unavailable(f"{command[0]} can't be run: {error.strerror}") from error
    if ended.code:
        said = _said(ended, secrets())
        raise Unavailable(f"{called} ended with exit code {ended.code}" + (f": {said}" if said else ""), hint(said))
    if len(ended.out.encode()) > MOST_FILE:
        raise Unavailable(f"{called} printed over {MOST_FILE} bytes", "deploy it in parts")
    return ended.out


def _said(ended: Answer, secrets: Iterable[str]) -> str:
    """Return a program's error: from the word Error on, for what precedes it are warnings."""
    text = _DEBUG.sub("", _QUOTED.sub(r"\1`***`", plain(ended.err)))
    found = _ERROR.search(text)
    told = Mask(secrets).text(text[found.end() :] if found else text)
    lines = [line.rstrip() for line in told.splitlines() if line.strip()]
    more = [f"and {len(lines) - _LINES} lines more"] if len(lines) > _LINES else []
    return "\n  ".join([*(line[:_WIDE] for line in lines[:_LINES]), *more])
