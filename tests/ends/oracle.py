"""What must be true of a case, told from the case alone: exit codes, the run's end, what each undo has done."""

from __future__ import annotations

from dataclasses import dataclass

from tests.ends.case import IDS, Case
from tests.forked import DIED


@dataclass(frozen=True)
class Expected:
    """The exit code of `sternway run`, the run's status then, and the exit codes of the rollbacks that come after it."""

    code: int
    status: str
    then: tuple[int, ...]
    told: str
    """What the undo that ends well is told that execute printed for it."""

    @property
    def undone(self) -> bool:
        """Whether the undo comes to its good end, once."""
        return self.status == "undone" or bool(self.then)


def expected(case: Case) -> Expected:
    """Tell what a case ends with."""
    told = "\n".join(IDS) if case.forward.output == "for its undo" else ""
    # The runner of an undo tries 75 again by itself, and the second undo of a case ends well.
    undone = case.back.good or case.back.end == "exit 75"
    if case.befalls == "nothing" and case.forward.good and not case.follows:
        return Expected(0, "succeeded", (), told)
    if case.befalls == "killed" or (case.befalls == "killed in its undo"):
        first = () if undone or case.befalls == "killed in its undo" else (5,)
        return Expected(DIED, "interrupted", (*first, 0), told)
    if not undone:
        return Expected(5, "rollback-failed", (0,), told)
    return Expected(143 if case.befalls == "stopped" else 4, "undone", (), told)
