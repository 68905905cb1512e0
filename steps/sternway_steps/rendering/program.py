"""Runs a program that prints objects. When it fails, its own words are told, without values that may be secret."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Callable, Iterable, Sequence

from ..config.manifests import MOST_FILE
from ..config.object_sources import Unavailable
from ..errors import Transient
from ..plain_text import plain, without_password
from ..process.mask import Mask
from ..process.run import Answer, answer

_SECONDS = 300.0
"""How long a program may take, which may fetch a chart first."""
_LINES, _WIDE = 12, 500
"""What is told of a program's errors: lines, and characters of each."""
_ERROR = re.compile(r"^error: ?", re.IGNORECASE | re.MULTILINE)
_DEBUG = re.compile(r"^Use --debug flag.*\n?", re.MULTILINE)
_LOGGED = re.compile(
    r"^[EF]\d{4} [\d:.]+ +\d+ \S+:\d+\] \"command failed\" "
    r"err=(?:(?P<line>\"(?:[^\"\\\n]|\\.)*\")|<\n(?P<block>.*?)\n >)$",
    re.MULTILINE | re.DOTALL,
)
"""How the kubectl of Google's SDK tells an error: as a log line of Kubernetes (klog), in Go's quotes."""
_AWAY = re.compile(
    r"connection refused|connection reset|i/o timeout|TLS handshake timeout|no route to host|network is unreachable"
    r"|no such host|Could not resolve host|status code 50[0234]|Client\.Timeout|unexpected EOF|server misbehaving",
    re.IGNORECASE,
)
_CONFIG = re.compile(r" with config: `.*?`(?=: )", re.DOTALL)
"""Kustomize quotes all that a generator was given, a chart's values too."""
_QUOTED = re.compile(r"(cannot unmarshal \S+ )`[^`]*`")
"""Go's YAML quotes the first letters of a value that it can't take."""


def printed(
    command: Sequence[str],
    called: str,
    *,
    given: bytes = b"",
    folder: str | None = None,
    secrets: Callable[[], Iterable[str]],
    hint: Callable[[str], str] = lambda _: "",
) -> str:
    """Return what a program prints.

    Args:
        command: the program and its arguments, which everybody on the machine can read.
        called: what it is called in messages.
        given: its standard input.
        folder: where it runs; None for here.
        secrets: returns values that are not told; asked only when it fails.
        hint: returns what helps against its error.

    Raises: Unavailable with its errors and its exit code, Transient when a server that it asks is away.

    """
    try:
        ended = answer(command, _SECONDS, given=given, folder=folder, most=MOST_FILE + 1)
    except TimeoutError:
        raise Unavailable(f"{called} did not end within {_SECONDS:.0f} s", "run it by hand to see why") from None
    except FileNotFoundError:
        raise Unavailable(f"{command[0]} is not on PATH", f"install {command[0]}, or correct PATH") from None
    except OSError as error:
        raise Unavailable(f"{command[0]} can't be run: {error.strerror}") from error
    if ended.code:
        said = _said(ended, secrets())
        message = f"{called} ended with exit code {ended.code}" + (f": {said}" if said else "")
        if _AWAY.search(said):
            raise Transient(message, remedy="try again, when what it asks is there; or correct the address")
        raise Unavailable(message, hint(said))
    if len(ended.out.encode()) > MOST_FILE:
        raise Unavailable(f"{called} printed over {MOST_FILE} bytes", "deploy it in parts")
    return ended.out


def _said(ended: Answer, secrets: Iterable[str]) -> str:
    """Return a program's error: from the word Error on, for what precedes it are warnings."""
    text = _CONFIG.sub("", _DEBUG.sub("", _QUOTED.sub(r"\1`***`", _LOGGED.sub(_unlogged, plain(ended.err)))))
    found = _ERROR.search(text)
    told = without_password(Mask(secrets).text(text[found.end() :] if found else text))
    lines = [line.rstrip() for line in told.splitlines() if line.strip()]
    more = [f"and {len(lines) - _LINES} lines more"] if len(lines) > _LINES else []
    return "\n  ".join([*(line[:_WIDE] for line in lines[:_LINES]), *more])


def _unlogged(found: re.Match[str]) -> str:
    """Return a logged error as kubectl prints it: what is secret is found in no other form."""
    if found["block"] is not None:
        return "error: " + "\n".join(line.removeprefix("\t") for line in found["block"].splitlines())
    return f"error: {literal_eval(found['line'])}"  # Python has all of Go's escapes
