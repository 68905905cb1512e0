"""The words in which operators report health, whatever the kind: types and reasons of conditions, phases, states.

Sources: "API Conventions: Typical status properties" of the Kubernetes project; kstatus for Reconciling and Stalled;
Gateway API, Crossplane, Flux, cert-manager and their like for the others. A word that is not listed decides nothing: a
condition of an unknown type may be False for ever in a healthy object.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from .object_fields import Obj

TERMINAL_TYPES = frozenset({"Stalled", "Failed"})
"""Condition types by which a controller says that it gave up, when they are True."""

HEALTH_TYPES = frozenset({
    "Ready", "Available", "Healthy", "Succeeded", "Complete", "Completed", "Established", "Accepted", "Programmed",
    "ResolvedRefs", "Synced", "Valid", "Reconciled", "Deployed", "Promoted", "Compliant",
})  # fmt: skip
"""Condition types by which operators report health: each of them that is there must be True."""

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


def is_partial_health(kind: str) -> bool:
    """Return whether a condition type is about a part of the object: WebhookReady, example.org/app-ready."""
    return bool(_WELL_IN_PART.fullmatch(kind))


def is_fault_type(kind: str) -> bool:
    """Return whether a condition type names a fault, so that True means trouble."""
    return bool(_FAULT.fullmatch(kind))


def is_wait_type(kind: str) -> bool:
    """Return whether a condition type is True during creation too, so that its reason tells a fault from a wait."""
    return kind == "Reconciling" or bool(_UNWELL.fullmatch(kind))


def gave_up(condition: Obj) -> bool:
    """Return whether Progressing is False because the controller gave up."""
    return (
        condition["type"] == "Progressing"
        and has_status(condition, "False")
        and bool(_GAVE_UP.search(str(condition.get("reason"))))
    )


def reports_error(condition: Obj) -> bool:
    """Return whether a condition's reason, else its message, names an error and not a wait such as Creating."""
    reason = condition.get("reason")
    return bool(_ERROR.search(str(reason)) if reason else _ERROR_TEXT.match(str(condition.get("message") or "")))


def paused(condition: Obj) -> bool:
    """Return whether a condition says that somebody paused the object."""
    return not has_status(condition, "True") and bool(_ON_PURPOSE.search(str(condition.get("reason"))))


def has_status(condition: Obj, status: str) -> bool:
    """Return whether a condition has this status: True, False or Unknown."""
    return str(condition.get("status")) == status


def state_of(status: Obj) -> tuple[str, str, bool] | None:
    """Return the phase, state or health of an object: the field, its word, and whether that means waiting.

    Such a field may stand in a nested mapping; `ready: false` counts as well. A word that means waiting comes first; an
    unknown word tells nothing, and None is returned when there is no other.
    """
    flags = [(f"status.{flag}", "false", True) for flag in _FLAGS if status.get(flag) is False]
    states = [(field, word, _waits(word)) for field, word in _fields(status, "status", 2)]
    understood = flags + [(field, word, waits) for field, word, waits in states if waits is not None]
    return next((state for state in understood if state[2]), next(iter(understood), None))


def _fields(within: Obj, path: str, depth: int) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for key, value in within.items():
        if isinstance(value, str) and _STATE_KEYS.fullmatch(key):
            out.append((f"{path}.{key}", value))
        elif isinstance(value, dict) and depth and not _OF_ANOTHER_TIME.match(key):
            out += _fields(value, f"{path}.{key}", depth - 1)
    return out


def _waits(state: str) -> bool | None:
    """Return whether a state is not the last one, or not a good one; None when its words are not known."""
    words = [word.lower() for word in _WORDS.findall(state)]
    denied = {word for before, word in pairwise(words) if before in _NO}
    affirmed = set(words) - denied
    if affirmed & _UNDERWAY or denied & _THERE:
        return True
    return False if affirmed & _THERE or denied & _UNDERWAY else None


def status_message(status: Obj) -> str:
    """Return the message or the reason of a status, "" when it has none."""
    text: Any = status.get("message") or status.get("reason")
    return text if isinstance(text, str) else ""
