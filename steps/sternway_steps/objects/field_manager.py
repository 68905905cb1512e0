"""The field manager of a target's runs: each target has one of its own.

With one name for all, two configurations that apply one object take each other's fields away: what a manager no longer
lists, the server removes (source: "Server-Side Apply" in the Kubernetes documentation).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .fields import Fields, managed
from .run_annotation import RUN, run_of

OLD_MANAGER = "sternway"
"""The one name of all targets in older versions; a journal that records no name means it."""

BEFORE_FIRST_APPLY = "before-first-apply"
"""The name that the server gives to what existed before the first server-side apply of an untracked object."""

_PREFIX = f"{OLD_MANAGER}:"


def manager_of(target: str) -> str:
    """Return the field manager of a target's applies; a target is a label value, so the server's limit holds it."""
    return f"{_PREFIX}{target}" if target else OLD_MANAGER


def recorded_manager(intents: Iterable[Mapping[str, Any]]) -> str:
    """Return the field manager that a step recorded in its intents: an undo asks the journal, not the configuration."""
    return next((str(data["manager"]) for data in reversed(list(intents)) if data.get("manager")), OLD_MANAGER)


def owns_old(before: Mapping[str, Any] | None, target: str, target_of: Callable[[str], str | None]) -> bool:
    """Return whether what the old name owns is this target's.

    The run that applied the object last tells, if it is still known; not when another manager wrote its annotation
    since.
    """
    found = _applied(before)
    if OLD_MANAGER not in found or manager_of(target) in found:
        return False
    run = run_of(before)
    return not _marks(found[OLD_MANAGER]) or run is None or target_of(run) in (None, target)


def shared_with(before: Mapping[str, Any] | None, target: str, *, own: bool) -> list[str]:
    """Return the other targets that apply an object; "" is one that an older Sternway deploys."""
    found = [name for name in _applied(before) if name != manager_of(target)]
    others = [name.removeprefix(_PREFIX) for name in found if name.startswith(_PREFIX)]
    return others + ([""] if OLD_MANAGER in found and not own else [])


def marked_for(obj: Mapping[str, Any] | None) -> list[str]:
    """Return the targets whose runs applied an object last: those that own the run's annotation on it."""
    return targets_among(name for name, fields in _applied(obj).items() if _marks(fields))


def targets_among(managers: Iterable[str]) -> list[str]:
    """Return the targets that some field managers stand for."""
    return [name.removeprefix(_PREFIX) for name in dict.fromkeys(managers) if name.startswith(_PREFIX)]


def shared(target: str) -> str:
    """Return a sentence on what it means that another target applies an object too."""
    who = f"target {target}" if target else "another target, by an older Sternway,"
    return f"{who} deploys it too: each keeps the fields that it lists, and what both list must be the same"


def _marks(fields: Fields) -> bool:
    return f"f:{RUN}" in ((fields.get("f:metadata") or {}).get("f:annotations") or {})


def _applied(before: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    entries = managed(before or {})
    applied = (e for e in entries if e.get("operation") == "Apply" and not e.get("subresource"))
    return {e["manager"]: e.get("fieldsV1") or {} for e in applied}
