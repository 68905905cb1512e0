"""How much a document of manifests may hold: one of aliases to aliases unfolds without end."""

from __future__ import annotations

MOST_VALUES = 200_000
MOST_TEXT = 16 * 2**20
"""Characters, of all texts together."""
MOST_DEPTH = 200


class TooMuch(ValueError):
    """A bound that a document passes, and what helps."""

    def __init__(self, message: str, hint: str = "split it, or write it without aliases") -> None:
        super().__init__(message)
        self.hint = hint


class Bounds:
    """Counts one document; people write what stays below."""

    def __init__(self) -> None:
        self._values, self._text = 0, 0

    def add(self, value: object, depth: int) -> None:
        """Count a value that stands so deep; raises TooMuch."""
        self._values += 1
        if isinstance(value, str):
            self._text += len(value)
        if self._values > MOST_VALUES:
            raise TooMuch(f"the document has over {MOST_VALUES} values")
        if self._text > MOST_TEXT:
            raise TooMuch(f"the document has over {MOST_TEXT} characters")
        if depth > MOST_DEPTH:
            raise TooMuch(f"the document is nested over {MOST_DEPTH} levels deep", "make it flatter")
