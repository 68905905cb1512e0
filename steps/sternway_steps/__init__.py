"""Deployment steps that can be undone; the names that programs need, each imported when it is first used."""

from __future__ import annotations

from .moved import install

TYPE_CHECKING = False  # as type checkers read it; to import typing would take longer than all of this
if TYPE_CHECKING:
    from .config import Config, ConfigErrors, as_manifests
    from .errors import Failed, Refused, RollbackFailed, SternwayError, Stopped, Transient
    from .exits import Exit
    from .journal.entries import new_run_id
    from .journal.replay import Status, Story
    from .registry.load import load
    from .saga.event_json import as_data
    from .saga.events import Event, Listener
    from .saga.result import Result
    from .session import Session

__version__ = "0.1.0"
install()
__all__ = [
    "Config", "ConfigErrors", "Event", "Exit", "Failed", "Listener", "Refused", "Result", "RollbackFailed", "Session",
    "Status", "SternwayError", "Stopped", "Story", "Transient", "as_data", "as_manifests", "load", "new_run_id",
]  # fmt: skip

if not TYPE_CHECKING:  # a type checker shall see a wrong name as one

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(_HOMES.get(name, ".errors"), __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


_HOMES = {
    "Config": ".config", "ConfigErrors": ".config", "as_manifests": ".config", "load": ".registry.load",
    "Event": ".saga.events", "Listener": ".saga.events", "as_data": ".saga.event_json", "Result": ".saga.result",
    "Exit": ".exits", "new_run_id": ".journal.entries", "Status": ".journal.replay", "Story": ".journal.replay",
    "Session": ".session",
}  # fmt: skip
