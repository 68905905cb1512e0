"""A step of which the journal must not be followed."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Refused, RollbackFailed
from ..spec import Outcome, StepSpec
from ..step import Context, Step


@dataclass(frozen=True)
class LeftOut:
    """A step of which the journal must not be followed, as what its undo is: it says why, and touches nothing."""

    step: Step
    why: str
    remedy: str

    @property
    def spec(self) -> StepSpec:
        """The step's own."""
        return self.step.spec

    def execute(self, context: Context) -> Outcome:
        """Refuse."""
        raise Refused(f"{context.step}: {self.why}", remedy=self.remedy)

    def rollback(self, context: Context) -> Outcome:
        """Undo nothing."""
        raise RollbackFailed(f"{context.step}: {self.why}", remedy=self.remedy)
