"""The build step: builds and pushes an image; its rollback points the tag to what it pointed to before."""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers read it
if TYPE_CHECKING:
    from .step import Build

__all__ = ["Build"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load the step when it is named: who reads its options alone needs none of it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import step

        return getattr(step, name)
