"""All entries, and the one that an error is explained by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import Bug, ClusterError, SternwayError, kind_of
from .entry import Entry
from .kinds import KINDS
from .objects import OBJECTS
from .pods import PODS

ENTRIES: tuple[Entry, ...] = (*KINDS, *PODS, *OBJECTS)


def entry_of(name: str) -> Entry | None:
    """Return the entry of an identifier, in whatever case it is written; None for one that is not known."""
    return next((each for each in ENTRIES if name.lower() in (known.lower() for known in each.names)), None)


def entry_for(error: BaseException) -> Entry:
    """Return the entry that tells most of an error: of the reason that an object failed for, else of its class."""
    found = (entry_of(name) for name in (*_reasons(error), *_classes(error)))
    return next(each for each in found if each is not None)


def _reasons(error: BaseException) -> Iterator[str]:
    details: Mapping[str, Any] = getattr(error, "details", None) or {}
    cause = details.get("cause")
    if isinstance(cause, Mapping) and cause.get("reason"):
        yield str(cause["reason"])


def _classes(error: BaseException) -> Iterator[str]:
    """Give the name of an error's class, then those of the classes that it is one of; last what is no error of ours."""
    if isinstance(error, SternwayError | ClusterError):
        yield from (each.__name__ for each in type(error).__mro__)
    else:
        yield kind_of(error)
    yield Bug.__name__
