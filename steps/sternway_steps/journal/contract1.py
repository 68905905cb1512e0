"""How steps that were written for contract 1 read the journal; to be removed with the release after the next."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from ..spec import History


class Contract1:
    """The reads of contract 1, as parts of a history; each warns and reads the journal anew."""

    def history(self) -> History:
        """Read the journal; the class that this is mixed into does."""
        raise NotImplementedError

    def intents(self) -> Sequence[Mapping[str, Any]]:
        """Return the intents of all executions, oldest first. Deprecated: history().execute.intents."""
        _warn("intents()", "history().execute.intents")
        return self.history().execute.intents

    def evidences(self) -> Sequence[Mapping[str, Any]]:
        """Return the evidence of all executions, oldest first. Deprecated: history().execute.evidence."""
        _warn("evidences()", "history().execute.evidence")
        return self.history().execute.evidence

    def undo_intents(self) -> Sequence[Mapping[str, Any]]:
        """Return the intents of all rollbacks, oldest first. Deprecated: history().rollback.intents."""
        _warn("undo_intents()", "history().rollback.intents")
        return self.history().rollback.intents


def _warn(old: str, new: str) -> None:
    text = (
        f"journal.{old} is of contract 1 and will be removed: use journal.{new}, and set contract=2 in the step's spec"
    )
    warnings.warn(text, DeprecationWarning, stacklevel=3)
