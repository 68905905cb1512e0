"""What a drawing of a saga shows, in words and in order; positions on the page are not decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sternway_steps.saga.plan import Plan, PlannedStep
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
BESIDE = "side by side"


@dataclass(frozen=True)
class ShownStep:
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
class Group:
    """Steps that run in parallel, mostly one alone. `undo` and `stays` are names of its own steps."""

    steps: tuple[ShownStep, ...]
    undo: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()

    @property
    def journaled(self) -> tuple[str, ...]:
        """The names of the steps whose intent stands in the journal."""
        return tuple(step.name for step in self.steps if step.journaled)

    @property
    def shared(self) -> tuple[str, ...]:
        """The small print that holds for all of several steps, so that it need not stand in each."""
        if len(self.steps) < 2:
            return ()
        return tuple(note for note in self.steps[0].small if all(note in step.small for step in self.steps))

    def own(self, step: ShownStep) -> tuple[str, ...]:
        """Return the small print of a step that is not shared."""
        return tuple(note for note in step.small if note not in self.shared)


@dataclass(frozen=True)
class Graph:
    """A saga: the groups forward; the groups of a whole undo, by name and last first; and what stays."""

    name: str
    groups: tuple[Group, ...]
    undo: tuple[tuple[str, ...], ...]
    stays: tuple[str, ...]
    deadline: str
    on_end: tuple[tuple[str, str], ...] = ()
    """The steps that run when the run has ended, each with its word (failure, success, always)."""

    def after(self, end: str) -> tuple[str, ...]:
        """Return the steps that run after an end: success or failure."""
        return tuple(name for name, on in self.on_end if on in (end, "always"))

    @property
    def steps(self) -> tuple[ShownStep, ...]:
        """All steps, in the order of the config."""
        return tuple(step for group in self.groups for step in group.steps)

    @property
    def title(self) -> str:
        """The title of the drawing."""
        return f"The saga of {self.name}"

    @property
    def description(self) -> str:
        """What the drawing shows, for those who don't see it."""
        forward = _row([tuple(step.name for step in group.steps) for group in self.groups])
        back = _row([*self.undo, (REPORT,)])
        sentences = [f"Forward: {forward}."]
        sentences.append(
            f"When {FAILURE}, or the run is stopped or late, every step that began is undone in this order: {back}."
        )
        if self.stays:
            sentences.append(f"What {' and '.join(self.stays)} did stays.")
        for end in ("success", "failure"):
            if names := self.after(end):
                sentences.append(f"After a {end} run {_and(names)}, which changes nothing of how it ended.")
        return " ".join(sentences)


def describe(name: str, plan: Plan, deadline: float | None) -> Graph:
    """Return the graph of a plan; `deadline` is that of the whole way forward, in seconds."""
    names = [step.name for step in plan.steps]
    undo = tuple(tuple(step.name for step in group) for group in plan.undo_groups(names))
    stays = tuple(step.name for step in plan.stays_of(names))
    return Graph(
        name,
        tuple(_group(group, undo, stays) for group in plan.groups),
        undo,
        stays,
        f"deadline {duration(deadline)}" if deadline is not None else "no deadline",
        tuple((step.name, step.on) for step in plan.on_end),
    )


def _group(group: Sequence[PlannedStep], undo: Sequence[Sequence[str]], stays: Sequence[str]) -> Group:
    names = {step.name for step in group}
    return Group(
        tuple(_shown(step) for step in group),
        tuple(name for back in undo for name in back if name in names),
        tuple(name for name in stays if name in names),
    )


def duration(seconds: float) -> str:
    """Return seconds as the configuration writes them: 90 is 1m30s."""
    milliseconds = round(seconds * 1000)
    words = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            words.append(f"{count}{unit}")
    return "".join(words) or "0s"


def _shown(step: PlannedStep) -> ShownStep:
    tries = {0: "no retries", 1: "1 retry"}.get(step.retries, f"{step.retries} retries")
    limit = [f"{duration(step.deadline)} a try"] if step.deadline is not None else []
    uses = step.spec.name if step.spec.name != step.name else ""
    return ShownStep(step.name, uses, step.spec.effects, (EFFECTS[step.spec.effects], tries, *limit))


def _row(groups: Sequence[Sequence[str]]) -> str:
    """Return names in their order; "then" stands between them once commas also stand within a group."""
    between = ", then " if any(len(names) > 1 for names in groups) else ", "
    return between.join(names[0] if len(names) == 1 else f"{_and(names)} {BESIDE}" for names in groups) or "no step"


def _and(names: Sequence[str]) -> str:
    return " and ".join(word for word in (", ".join(names[:-1]), names[-1]) if word)
