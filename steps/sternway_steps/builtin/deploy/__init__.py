"""The deploy step: applies the config's objects; its rollback restores or deletes them."""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers read it
if TYPE_CHECKING:
    from .step import Deploy

__all__ = ["Deploy"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load the step when it is named: who reads its options alone needs none of it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import step

        return getattr(step, name)
