"""Makes a history that ends wrong as small as it stays wrong: parts, edits and acts are dropped one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from sternway_steps.kube.api_error import ApiError

from .history import Act, History, Part
from .play import Played

Outcome = tuple[Played, list[str]]
_TRIES = 60


def shrunk(history: History, tried: Callable[[History, int], Outcome], wrong: Outcome) -> Outcome:
    """Give the smallest history found that goes wrong in a like manner, and what was seen of it."""
    kind, count = kinds_of(wrong[1]), 0
    smaller = True
    while smaller:
        smaller = False
        for candidate in _candidates(history):
            count += 1
            if count > _TRIES:
                return wrong
            try:
                outcome = tried(candidate, count)
            except (ApiError, TimeoutError):
                continue  # it cannot be played to its end, and tells nothing of this fault
            if outcome[1] and kinds_of(outcome[1]) & kind:
                history, wrong, smaller = candidate, outcome, True
                break
    return wrong


def kinds_of(wrong: list[str]) -> set[str]:
    """Name the kinds of fault in what is wrong, without the names of fields and objects."""
    return {_kind(line.partition(": ")[2]) for line in wrong}


def _kind(line: str) -> str:
    if line.startswith("owners: "):
        return re.sub(r"sternway:\S*(?=/)", "sternway:TARGET", line.partition("): ")[0] + ")")
    if line.startswith(("said", "not said", "it ")):
        return re.sub(r"\(.*\)|:.*|h[0-9-]+.*", "", line)
    return "content" if " instead of " in line else re.sub(r"[0-9].*", "", line)


def _candidates(history: History) -> Iterator[History]:
    if len(history.parts) > 1:
        for n in range(len(history.parts)):
            yield replace(history, parts=history.parts[:n] + history.parts[n + 1 :])
    for change in ({"kill": ("never", 0)}, {"again": False}, {"undo": ("once", 0)}, {"blind": False}):
        if getattr(history, next(iter(change))) != next(iter(change.values())):
            yield replace(history, **change)  # type: ignore[arg-type]
    for n, part in enumerate(history.parts):
        for smaller in _parts(part):
            yield replace(history, parts=(*history.parts[:n], smaller, *history.parts[n + 1 :]))


def _parts(part: Part) -> Iterator[Part]:
    for name in ("mixed", "third", "between"):
        acts: tuple[Act, ...] = getattr(part, name)
        for n in range(len(acts)):
            yield replace(part, **{name: acts[:n] + acts[n + 1 :]})  # type: ignore[arg-type]
        for n, act in enumerate(acts):
            for m in range(len(act.edits) if len(act.edits) > 1 else 0):
                less = replace(act, edits=act.edits[:m] + act.edits[m + 1 :])
                yield replace(part, **{name: (*acts[:n], less, *acts[n + 1 :])})  # type: ignore[arg-type]
    for name in ("before", "run"):
        edits = getattr(part, name)
        for n in range(len(edits)):
            yield replace(part, **{name: edits[:n] + edits[n + 1 :]})
    if part.base not in ("sternway", "absent"):
        yield replace(part, base="sternway")
