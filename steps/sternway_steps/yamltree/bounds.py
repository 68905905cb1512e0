"""Limits for the size of a document of manifests: aliases to aliases expand without end."""

from __future__ import annotations

MAX_VALUES = 200_000
MAX_TEXT = 16 * 2**20
"""Characters, of all texts together."""
MAX_DEPTH = 200


class LimitExceeded(ValueError):
    """A document exceeds a limit; `hint` says what helps."""

    def __init__(self, message: str, hint: str = "split it, or write it without aliases") -> None:
        super().__init__(message)
        self.hint = hint


class Limits:
    """Counts the values and characters of one document; what people write stays below the limits."""

    def __init__(self) -> None:
        self._values, self._text = 0, 0

    def add(self, value: object, depth: int) -> None:
        """Count a value at a depth; raise LimitExceeded."""
        self._values += 1
        if isinstance(value, str):
            self._text += len(value)
        if self._values > MAX_VALUES:
            raise LimitExceeded(f"the document has over {MAX_VALUES} values")
        if self._text > MAX_TEXT:
            raise LimitExceeded(f"the document has over {MAX_TEXT} characters")
        if depth > MAX_DEPTH:
            raise LimitExceeded(f"the document is nested over {MAX_DEPTH} levels deep", "make it flatter")
