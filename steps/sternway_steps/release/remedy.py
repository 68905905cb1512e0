"""How an undo that failed is finished: the command, where one helps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NEEDS = "needs"
"""The key, among the details of a failed undo, of what its objects need: of each what `Item.needs` says."""
CONFLICT = "--on-conflict"
RECREATE = "--recreate"
BY_HAND = "by hand"


@dataclass(frozen=True)
class Finish:
    """The command that finishes an undo, and what is to be known of it."""

    words: str
    command: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.words}: {self.command}" + (f" ({self.note})" if self.note else "")


def finish(run: str, failures: Iterable[BaseException | Mapping[str, Any]]) -> Finish:
    """Return how to finish the undo of a run, by what failed in it or the details of that (none: it was cut off)."""
    undo = f"sternway rollback {run}"
    details = [getattr(one, "details", {}) if isinstance(one, BaseException) else one for one in failures]
    # An older journal, and what failed of no object, do not tell: the same command may do.
    needs = {need for one in details for need in one.get(NEEDS) or [""]}
    if needs == {BY_HAND}:
        return Finish("what is left has no way back; go on from it with a new run, or mend it by hand and then", undo)
    if RECREATE in needs:
        undo += f" {RECREATE}"
    if CONFLICT in needs:
        note = "merge leaves what others set, force puts back what was there before the run"
        return Finish("to finish the undo", f"{undo} {CONFLICT} merge", note)
    return Finish("to finish the undo", undo)
