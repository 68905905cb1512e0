"""Under which name a target's runs own fields: one field manager a target.

With one name for all, two configurations that apply one object take each other's fields away: what a manager no
longer lists, the server removes (source: "Server-Side Apply" in the Kubernetes documentation).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

OLD_MANAGER = "sternway"
"""The one name of all targets, before each had its own; a journal that records none means it."""


def manager_of(target: str) -> str:  # noqa: ARG001
    """Give the field manager of a target's applies."""
    return OLD_MANAGER


def recorded_manager(intents: Iterable[Mapping[str, Any]]) -> str:
    """Give the field manager that a step recorded in its intents: an undo asks the journal, not the configuration."""
    return next((str(data["manager"]) for data in reversed(list(intents)) if data.get("manager")), OLD_MANAGER)
