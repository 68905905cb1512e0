"""What the undo of a later run has made anew: an object of this run, though not the one that it had made or changed.

A later run of the journal had deleted it, made another in its place, and was undone: what stands there now is as this
run left it, under another UID, and carries this run's mark.
"""

from __future__ import annotations

from collections.abc import Callable

from ...objects.ref import Ref
from ...objects.run_annotation import run_of
from ...spec import OtherRun
from ...step import Context

_BACK = ("restored", "unchanged")


def reborn(context: Context) -> Callable[[Ref], bool]:
    """Return a function that says of an object whether the undo of a later run has made it anew."""

    def asked(ref: Ref) -> bool:
        return any(other.later and _made_anew(context.mark, other, ref) for other in context.others())

    return asked


def _made_anew(mark: str, other: OtherRun, ref: Ref) -> bool:
    """Return whether a run had made anew what carries a mark, and has put it back."""
    if not any(item.get("what") == str(ref) and item.get("result") in _BACK for item in other.undone):
        return False
    entries = (entry for data in other.recorded.intents for entry in data.get("objects") or ())
    return any(
        bool(entry.get("replaced") or entry.get("removed"))
        and Ref.of(entry["applied"]) == ref
        and run_of(entry.get("before")) == mark
        for entry in entries
    )
