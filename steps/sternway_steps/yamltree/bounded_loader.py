"""PyYAML's loader, which stops at once where a document has more values than anybody writes."""

from __future__ import annotations

from functools import cache
from typing import Any

MAX_VALUES = 100_000
"""A document of aliases to aliases unfolds without end; one that people write has fewer values than this."""
TOO_MANY = f"the document has over {MAX_VALUES} values"
REMEDY = "split it, or write it without aliases"


class TooManyValues(Exception):
    """A document has more than MAX_VALUES, already without unfolding what its aliases stand for."""


@cache
def bounded_loader() -> Any:
    """Return the class of loaders: the resolver is asked once for each value, so that is where they are counted."""
    import yaml

    class Bounded(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        def __init__(self, text: str) -> None:
            super().__init__(text)
            self._left = MAX_VALUES

        def get_node(self) -> Any:
            self._left = MAX_VALUES
            return super().get_node()

        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise TooManyValues
            return super().resolve(kind, value, implicit)

    return Bounded
