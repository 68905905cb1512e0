"""The validate step: would the server accept the objects, and do we have the rights to deploy and to undo?"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers read it
if TYPE_CHECKING:
    from .step import Validate

__all__ = ["Validate"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load the step when it is named: who reads its options alone needs none of it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import step

        return getattr(step, name)
