"""What an attempt recorded of its failure: the objects that failed, with pod, events and the last lines of the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Failure:
    """One object that failed, or what else is known; what is not known is empty."""

    what: str
    why: str
    pods: str
    pod: str
    container: str
    events: tuple[str, ...]
    log: tuple[str, ...]
    answer: str


def failures_of(details: Any) -> tuple[Failure, ...]:
    """Return what the details of an error tell: of each object that failed, or of one alone."""
    if not isinstance(details, Mapping):
        return ()
    several = [one for one in _list(details.get("failures")) if isinstance(one, Mapping)]
    # The first of several is the one that the details themselves are of.
    merged = [{**several[0], **{k: v for k, v in details.items() if v}}, *several[1:]] if several else [details]
    return tuple(found for found in map(_failure, merged) if _tells(found))


def _failure(found: Mapping[str, Any]) -> Failure:
    wanted = found.get("wanted")
    body = found.get("body")
    return Failure(
        what=str(found.get("object") or found.get("url") or ""),
        why=str(found.get("why") or ""),
        pods=f"{found.get('done') or 0} of {wanted} pods" if wanted else "",
        pod=str(found.get("pod") or ""),
        container=str(found.get("container") or ""),
        events=tuple(_texts(found.get("events"))),
        log=tuple(_texts(found.get("log"))),
        answer=f"{found.get('status')}: {body}" if body else "",
    )


def _tells(found: Failure) -> bool:
    return bool(found.why or found.pod or found.events or found.log or found.answer)


def _texts(value: Any) -> Iterator[str]:
    yield from map(str, _list(value))


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
