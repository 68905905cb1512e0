"""The words by which operators tell how an object fares, whatever its kind: types and reasons of conditions, states.

Sources: "API Conventions: Typical status properties" of the Kubernetes project; kstatus for Reconciling and Stalled;
Gateway API, Crossplane, Flux, cert-manager and their like for the others. What is not listed here decides nothing:
a condition of an unknown type may be False for ever in an object that is well.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from .verdict import Obj

FINAL = frozenset({"Stalled", "Failed"})
"""Condition types by which a controller says that it gave up, when they are True."""

WELL = frozenset({
    "Ready", "Available", "Healthy", "Succeeded", "Complete", "Completed", "Established", "Accepted", "Programmed",
    "ResolvedRefs", "Synced", "Valid", "Reconciled", "Deployed", "Promoted", "Compliant",
})  # fmt: skip
"""Condition types by which operators say that all is well: each of them that is there must be True."""

_WELL_IN_PART = re.compile(r"(?:.*(?<!Not)(?:Ready|Available)|.*[-/](?:ready|available))")
_FAULT = re.compile(r"Degraded|(?:Has)?Errors?|ErrorOccurred|\w+Error|Invalid\w*|\w*Failed|\w*Failure")
_UNWELL = re.compile(r"NotReady|\w*Unhealthy")
_GAVE_UP = re.compile(r"DeadlineExceeded|Aborted")
_ERROR = re.compile(
    r"(?i:error|fail|invalid|denied|forbidden|unauthori[sz]ed|exception|terminal|unreachable|unsupported|rejected"
    r"|exceeded|abort)|^Err[A-Z]"
)
_ERROR_TEXT = re.compile(r"(?i)(?:error|failed|invalid|cannot|unable)\b")
_STATE_KEYS = re.compile(r"(?i)(?!desired|target|last|previous|old)\w*(?:phase|state|health|status)")
_OF_ANOTHER_TIME = re.compile(r"(?i)desired|target|last|previous|old|history")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_UNDERWAY = frozenset({
    "applying", "configuring", "creating", "degraded", "deleting", "deploying", "error", "errored", "failed", "failing",
    "failure", "finalising", "finalizing", "importing", "initialising", "initializing", "installing", "invalid",
    "migrating", "pending", "preparing", "progress", "progressing", "promoting", "provisioning",
    "reconciling", "red", "rejected", "restarting", "scaling", "starting", "stopping", "terminating", "unavailable",
    "unhealthy", "unknown", "updating", "upgrading", "waiting", "warning", "yellow",
})  # fmt: skip
_THERE = frozenset({
    "accepted", "active", "available", "bound", "complete", "completed", "compliant", "deployed", "established",
    "green", "healthy", "installed", "ok", "provisioned", "ready", "reconciled", "running", "succeeded", "success",
    "successful", "synced", "valid",
})  # fmt: skip
_NO = frozenset({"no", "non", "not", "without"})
_FLAGS = ("ready", "healthy", "available")
_ON_PURPOSE = re.compile(r"(?:Paused|Suspended)$")


def well_in_part(kind: str) -> bool:
    """Tell whether a condition speaks for a part of the object: WebhookReady, example.org/app-ready."""
    return bool(_WELL_IN_PART.fullmatch(kind))


def names_fault(kind: str) -> bool:
    """Tell whether a condition names a fault when it is True."""
    return bool(_FAULT.fullmatch(kind))


def names_wait(kind: str) -> bool:
    """Tell whether a condition is True while something is made, too, so that its reason tells a fault from a wait."""
    return kind == "Reconciling" or bool(_UNWELL.fullmatch(kind))


def gave_up(found: Obj) -> bool:
    """Tell whether Progressing is False because the controller gave up."""
    return found["type"] == "Progressing" and is_(found, "False") and bool(_GAVE_UP.search(str(found.get("reason"))))


def tells_error(found: Obj) -> bool:
    """Tell a fault from a wait, such as Creating or DependencyNotReady, by a condition's reason, else its message."""
    reason = found.get("reason")
    return bool(_ERROR.search(str(reason)) if reason else _ERROR_TEXT.match(str(found.get("message") or "")))


def paused(found: Obj) -> bool:
    """Tell whether a condition says that somebody paused the object."""
    return not is_(found, "True") and bool(_ON_PURPOSE.search(str(found.get("reason"))))


def is_(found: Obj, status: str) -> bool:
    """Tell whether a condition is True, False or Unknown."""
    return str(found.get("status")) == status


def state_of(status: Obj) -> tuple[str, str, bool] | None:
    """Give where an object stands by the one word of a phase, state or health: field, word, and whether it waits.

    Such a field may stand in a mapping within; `ready: false` counts as well. A word that waits comes first; one that
    is not known tells nothing.
    """
    flags = [(f"status.{flag}", "false", True) for flag in _FLAGS if status.get(flag) is False]
    told = [(field, word, _waits(word)) for field, word in _fields(status, "status", 2)]
    known = flags + [(field, word, waits) for field, word, waits in told if waits is not None]
    return next((state for state in known if state[2]), next(iter(known), None))


def _fields(within: Obj, path: str, depth: int) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for key, value in within.items():
        if isinstance(value, str) and _STATE_KEYS.fullmatch(key):
            out.append((f"{path}.{key}", value))
        elif isinstance(value, dict) and depth and not _OF_ANOTHER_TIME.match(key):
            out += _fields(value, f"{path}.{key}", depth - 1)
    return out


def _waits(state: str) -> bool | None:
    """Tell whether a state is not the last one, or not a good one; None when its words are not known."""
    words = [word.lower() for word in _WORDS.findall(state)]
    denied = {word for before, word in pairwise(words) if before in _NO}
    known = set(words) - denied
    if known & _UNDERWAY or denied & _THERE:
        return True
    return False if known & _THERE or denied & _UNDERWAY else None


def said(status: Obj) -> str:
    """Give what a status says in a sentence, "" when it says nothing."""
    text: Any = status.get("message") or status.get("reason")
    return text if isinstance(text, str) else ""
