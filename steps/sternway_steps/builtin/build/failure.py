"""Why a builder failed: the Dockerfile's line, the cause in the builder's words, and what that means for the run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import Failed, SternwayError, Transient
from ...objects.image_name import HUB, split

_LOG = 15
_STEP = re.compile(r"^(?:\[\d+/\d+\] )?(?:STEP|Step) \d+/\d+ ?: (?P<text>.+)$")
_POINTED = re.compile(r"^\s*(?P<line>\d+) \| >>> (?P<text>.+)$")
_PARSED = re.compile(r"(?:parse error(?: on)? |Syntax error - .*?|[Ee]rror: )line (?P<line>\d+):? *(?P<text>.*)$")
_ERROR = re.compile(r"^(?:#\d+ )?(?:ERROR|[Ee]rror)(?: response from daemon)?: (?P<text>.+)$")
_ENDED = re.compile(r"returned a non-zero code: \d+|exit (?:status|code):? \d+|did not complete successfully")
_AWAY = re.compile(
    r"connection refused|connection reset|i/o timeout|TLS handshake timeout|no route to host|broken pipe"
    r"|network is unreachable|unexpected EOF|: EOF\b|server misbehaving|no such host|status code 50[0234]|50[0234] "
    r"|Client\.Timeout|context deadline exceeded|use of closed network connection|502 Bad Gateway"
    r"|error reading from server|Cannot connect to the Docker daemon|closing transport|code = Unavailable",
    re.IGNORECASE,
)
_PRUNED = re.compile(r"No such image: sha256:|image does not exist locally|image not known", re.IGNORECASE)
_DENIED = re.compile(
    r"unauthorized|authentication required|access denied|requested access to the resource is denied|no basic auth"
    r"|insufficient_scope|authorization failed|401 |403 Forbidden",
    re.IGNORECASE,
)
_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_PLAIN = re.compile(r"server gave HTTP response to HTTPS client", re.IGNORECASE)


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile: its first line, 1 first, and its text without line breaks."""

    line: int
    text: str


def instructions(dockerfile: str) -> list[Instruction]:
    """Read where the instructions of a Dockerfile begin; a here-document belongs to the one before it."""
    found: list[Instruction] = []
    first, text, ends = 0, "", list[str]()
    for number, line in enumerate(dockerfile.splitlines(), 1):
        if ends:
            if line.strip() == ends[0]:
                ends.pop(0)
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        first, text = (first, text + line.strip()) if text else (number, line.strip())
        if text.endswith("\\"):
            text = text[:-1] + " "
            continue
        ends = re.findall(r"<<-?[\"']?(\w+)[\"']?", text)
        found.append(Instruction(first, text))
        text = ""
    return found


def explain(tail: Sequence[str], dockerfile: str, name: str, *, doing: str, host: str) -> SternwayError:
    """Return the error for a builder that failed.

    Args:
        tail: the last lines that it wrote.
        dockerfile: the Dockerfile's text.
        name: its name, as the user wrote it.
        doing: "build" or "push".
        host: the registry.

    """
    reason, ended = _reason(tail), any(_ENDED.search(line) for line in tail)
    where = _place(tail, dockerfile, name) if doing == "build" else ""
    cause = f"{where}: {reason}" if where else reason
    text = "\n".join(tail)
    if doing == "push" and _PRUNED.search(reason):
        return Transient(
            f"push: {cause}", remedy="somebody removed it from the engine meanwhile (prune?); it is built again"
        )
    if not ended and _AWAY.search(reason) and not _FULL.search(text):
        source = _source_host(reason, dockerfile) if doing == "build" else ""
        said = f"the host of FROM, {source}, does not answer: " if source else ""
        where = f"it is tried again; is {source or host} up, and the network?"
        return Transient(f"{doing}: {said}{cause}", remedy=where)
    remedy = None
    if _FULL.search(text):
        remedy = "make room where the builder keeps its layers, or where the registry keeps its own"
    elif not ended and _PLAIN.search(text):
        remedy = f"build.insecure: true; Docker's engine wants {host} among its insecure-registries"
    elif not ended and _DENIED.search(reason):
        remedy = f"docker login {host}, with a user that may {'push there' if doing == 'push' else 'pull'}"
    return Failed(f"{doing}: {cause}", remedy=remedy, details={"cause": cause, "log": list(tail[-_LOG:])})


def _reason(tail: Sequence[str]) -> str:
    named = [match["text"] for match in map(_ERROR.match, tail) if match]
    ended = [line for line in tail if "returned a non-zero code" in line]
    found = (ended or named or [line for line in tail if line.strip()] or ["it wrote nothing"])[-1]
    return found.removeprefix("failed to solve: ").strip()


def _place(tail: Sequence[str], dockerfile: str, name: str) -> str:
    """Find the failing line: BuildKit points at it, the others say which instruction they were at."""
    for line in reversed(tail):
        if match := _POINTED.match(line):
            return f"{name}:{match['line']}: {match['text'].strip()}"
        if match := _PARSED.search(line):
            return f"{name}:{match['line']}"
    at = next((match["text"] for match in map(_STEP.match, reversed(tail)) if match), "")
    if not at:
        return ""
    same = [i for i in instructions(dockerfile) if _normalised(i.text) == _normalised(at)]
    return f"{name}:{same[0].line}: {at}" if len(same) == 1 else f"{name}: {at}"


def _source_host(reason: str, dockerfile: str) -> str:
    """Return the registry of that FROM which the builder could not reach; "" when the failure names none of them."""
    for one in instructions(dockerfile):
        words = [word for word in one.text.split() if not word.startswith("--")]
        if words[0].upper() == "FROM" and len(words) > 1:
            host = split(words[1])[0]
            if host in reason or (host == HUB and f"registry-1.{HUB}" in reason):
                return host
    return ""


def _normalised(text: str) -> str:
    return " ".join(text.split()).casefold()
