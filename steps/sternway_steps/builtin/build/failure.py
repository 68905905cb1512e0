"""Why a builder failed: the Dockerfile's line, the cause in the builder's words, and what that means for the run."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...errors import Failed, SternwayError, Transient
from .dockerfile import place, source_host

_LOG = 15
_ERROR = re.compile(r"^(?:#\d+ )?(?:ERROR|[Ee]rror)(?: response from daemon)?: (?P<text>.+)$")
_ENDED = re.compile(r"returned a non-zero code: \d+|exit (?:status|code):? \d+|did not complete successfully")
_AWAY = re.compile(
    r"connection refused|connection reset|i/o timeout|TLS handshake timeout|no route to host|broken pipe"
    r"|network is unreachable|unexpected EOF|: EOF\b|server misbehaving|no such host|status code 50[0234]|50[0234] "
    r"|Client\.Timeout|context deadline exceeded|use of closed network connection|502 Bad Gateway"
    r"|error reading from server|Cannot connect to the Docker daemon|closing transport|code = Unavailable",
    re.IGNORECASE,
)
_DAEMON = re.compile(
    r"Cannot connect to the Docker daemon|failed to (?:receive status|list workers)|error reading from server"
    r"|closing transport|code = Unavailable",
    re.IGNORECASE,
)
_PRUNED = re.compile(r"No such image: sha256:|image does not exist locally|image not known", re.IGNORECASE)
_DENIED = re.compile(
    r"unauthorized|authentication required|access denied|requested access to the resource is denied|no basic auth"
    r"|insufficient_scope|authorization failed|401 |403 Forbidden",
    re.IGNORECASE,
)
_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_PLAIN = re.compile(
    r"server gave HTTP response to HTTPS client|record does not look like a TLS handshake", re.IGNORECASE
)
_PUSH = "failed to push "
"""How BuildKit, which builds and pushes in one, says that it was the push."""
_COMMAND = re.compile(r'^process ".*" (?=did not complete successfully)', re.DOTALL)
_ASKED = re.compile(r"https?://(?:[^/\s\"@]*@)?(?P<host>[^/\s\"]+)")


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
    doing = "push" if reason.startswith(_PUSH) else doing
    where = place(tail, dockerfile, name) if doing == "build" else ""
    cause = f"{where}: {_COMMAND.sub('', reason)}" if where else reason
    asked = _ASKED.search(reason)
    text = "\n".join(tail)
    if doing == "push" and _PRUNED.search(reason):
        return Transient(
            f"push: {cause}", remedy="somebody removed it from the engine meanwhile (prune?); it is built again"
        )
    if not ended and _AWAY.search(reason) and not _FULL.search(text):
        source = source_host(reason, dockerfile) if doing == "build" else ""
        said = f"the host of FROM, {source}, does not answer: " if source else ""
        away = source or (asked["host"] if asked else "the builder's daemon" if _DAEMON.search(reason) else host)
        return Transient(f"{doing}: {said}{cause}", remedy=f"it is tried again; is {away} up, and the network?")
    remedy = None
    if _FULL.search(text):
        remedy = "make room where the builder keeps its layers, or where the registry keeps its own"
    elif not ended and _PLAIN.search(text):
        plain = asked["host"] if asked else host
        remedy = "build.insecure: true; " if plain == host else ""
        remedy += f"{plain} among the insecure-registries of Docker's engine, or with http = true in buildkitd.toml"
    elif not ended and _DENIED.search(reason):
        remedy = f"docker login {host}, with a user that may {'push there' if doing == 'push' else 'pull'}"
    return Failed(f"{doing}: {cause}", remedy=remedy, details={"cause": cause, "log": list(tail[-_LOG:])})


def _reason(tail: Sequence[str]) -> str:
    named = [match["text"] for match in map(_ERROR.match, tail) if match]
    ended = [line for line in tail if "returned a non-zero code" in line]
    found = (ended or named or [line for line in tail if line.strip()] or ["it wrote nothing"])[-1]
    return found.removeprefix("failed to solve: ").strip()
