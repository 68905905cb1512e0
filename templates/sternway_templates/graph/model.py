"""What a picture of a saga shows, in words and in order; where things stand on the page is not its business."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sternway_steps.plan import Plan, PlannedStep
from sternway_steps.step import Effects

EFFECTS = {
    Effects.NONE: "changes nothing",
    Effects.REVERSIBLE: "can be undone",
    Effects.IRREVERSIBLE: "can't be undone",
}
FAILURE = "a step fails"
FAILURE_NOTE = "or a stop, or the deadline"
START, DONE, REPORT, STAYS = "start", "done", "report", "stays"
REPORT_NOTE = "how it ended"


@dataclass(frozen=True)
class Shown:
    """One step. `uses` is the step that it is, "" when it has the same name; `notes` are the small print."""

    name: str
    uses: str
    effects: Effects
    notes: tuple[str, ...]

    @property
    def small(self) -> tuple[str, ...]:
        """All the small print, what it uses first."""
        return (f"uses {self.uses}", *self.notes) if self.uses else self.notes

    @property
    def journaled(self) -> bool:
        """Whether it changes anything, so that its intent stands in the journal."""
        return self.effects is not Effects.NONE


@dataclass(frozen=True)
class Graph:
    """A saga: the steps forward; by name those that an undo of all goes through, last first, and those that stay."""

    name: str
    steps: tuple[Shown, ...]
    undo: tuple[str, ...]
    stays: tuple[str, ...]
    deadline: str

    @property
    def title(self) -> str:
        """Name the picture."""
        return f"The saga of {self.name}"

    @property
    def description(self) -> str:
        """Tell what is to be seen to those who don't see it."""
        said = [f"Forward: {_row(step.name for step in self.steps)}."]
        back = _row([*self.undo, REPORT])
        said.append(
            f"When {FAILURE}, or the run is stopped or late, every step that began is undone in this order: {back}."
        )
        if self.stays:
            said.append(f"What {' and '.join(self.stays)} did stays.")
        return " ".join(said)


def describe(name: str, plan: Plan, deadline: float | None) -> Graph:
    """Describe a plan; `deadline` is that of the whole way forward, in seconds."""
    names = [step.name for step in plan.steps]
    return Graph(
        name,
        tuple(_shown(step) for step in plan.steps),
        tuple(step.name for step in plan.undo_of(names)),
        tuple(step.name for step in plan.stays_of(names)),
        f"deadline {duration(deadline)}" if deadline is not None else "no deadline",
    )


def duration(seconds: float) -> str:
    """Write seconds as the configuration does: 90 is 1m30s."""
    milliseconds = round(seconds * 1000)
    words = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            words.append(f"{count}{unit}")
    return "".join(words) or "0s"


def _shown(step: PlannedStep) -> Shown:
    tries = {0: "no retries", 1: "1 retry"}.get(step.retries, f"{step.retries} retries")
    limit = [f"{duration(step.deadline)} a try"] if step.deadline is not None else []
    uses = step.spec.name if step.spec.name != step.name else ""
    return Shown(step.name, uses, step.spec.effects, (EFFECTS[step.spec.effects], tries, *limit))


def _row(names: Iterable[str]) -> str:
    return ", ".join(names) or "no step"
