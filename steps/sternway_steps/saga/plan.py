"""The plan: what runs in which order, and what is undone. Pure; both runners read it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from ..errors import Refused, together
from ..spec import Effects, RunEnd, StepSpec


class Wanted(Protocol):
    """A step as the config asks for it."""

    @property
    def name(self) -> str:
        """Its name in this pipeline."""

    @property
    def uses(self) -> str:
        """The step that it is."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The step's own keys."""

    @property
    def place(self) -> str:
        """Where it stands, FILE:LINE:COLUMN; "" when no file names it."""

    @property
    def effects(self) -> str | None:
        """What it leaves, where only the config knows: a word of Effects, or None."""

    @property
    def retries(self) -> int:
        """How often it is tried again."""

    @property
    def deadline(self) -> float | None:
        """Seconds for one attempt."""

    @property
    def rollback_deadline(self) -> float | None:
        """Seconds for its undo."""


ON_END_DEADLINE = 60.0
"""Seconds for an attempt of a step that runs when the run has ended, where the config gives it no deadline."""


class WantedAtEnd(Wanted, Protocol):
    """A step that the config asks for when the run has ended."""

    @property
    def on(self) -> str:
        """At which end: a word of config.schema.ON."""


T = TypeVar("T", bound=Wanted)


@dataclass(frozen=True)
class PlannedStep:
    """One step of a run. `deadline` is seconds for one attempt, `rollback_deadline` for its undo; None: the config's.

    `retries` counts tries after the first. `on` is at which end of the run it runs, "" for a step of the run itself;
    `end` is that end, once it is there.
    """

    name: str
    spec: StepSpec
    options: Mapping[str, Any] = field(default_factory=dict)
    retries: int = 2
    deadline: float | None = None
    rollback_deadline: float | None = None
    on: str = ""
    end: RunEnd | None = None

    @property
    def undoable(self) -> bool:
        """Whether its rollback has anything to do once it began."""
        return self.spec.effects is Effects.REVERSIBLE


@dataclass(frozen=True)
class Plan:
    """The groups in the order in which they run; the steps of one group run in parallel.

    Those of `on_end` run one by one when the run has ended.
    """

    groups: tuple[tuple[PlannedStep, ...], ...]
    on_end: tuple[PlannedStep, ...] = ()

    @property
    def steps(self) -> tuple[PlannedStep, ...]:
        """All steps, in the order of the config."""
        return tuple(step for group in self.groups for step in group)

    @property
    def all_steps(self) -> tuple[PlannedStep, ...]:
        """The same, and those for when it has ended."""
        return (*self.steps, *self.on_end)

    @property
    def seconds_at_end(self) -> float:
        """How long those may take at most."""
        return sum((step.deadline or 0.0) * (step.retries + 1) for step in self.on_end)

    def step(self, name: str) -> PlannedStep:
        """Return the step of a name; raise Refused when there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        for step in self.on_end:
            if step.name == name:
                message = f"step {name} runs by itself when the run has ended (on: {step.on})"
                raise Refused(message, remedy="sternway report --run RUN ends one whose steps are called one by one")
        names = ", ".join(step.name for step in self.steps)
        raise Refused(f"the configuration has no step {name!r}", remedy=f"it has: {names}")

    def runs_in_parallel(self, step: PlannedStep) -> bool:
        """Return whether a step runs side by side with others."""
        return any(step in group and len(group) > 1 for group in self.groups)

    def before(self, step: PlannedStep) -> tuple[PlannedStep, ...]:
        """Return the steps that are done before one begins: those of the groups before its own."""
        at = next(number for number, group in enumerate(self.groups) if step in group)
        return tuple(each for group in self.groups[:at] for each in group)

    def undo_of(self, begun: Collection[str]) -> tuple[PlannedStep, ...]:
        """Return the steps to roll back, those of the last group first: all that began, a failed one too."""
        return tuple(step for group in self.undo_groups(begun) for step in group)

    def undo_groups(self, begun: Collection[str]) -> tuple[tuple[PlannedStep, ...], ...]:
        """Return the same in groups: the steps of one group are rolled back in parallel."""
        groups = (tuple(s for s in group if s.name in begun and s.undoable) for group in reversed(self.groups))
        return tuple(group for group in groups if group)

    def stays_of(self, begun: Collection[str]) -> tuple[PlannedStep, ...]:
        """Return the steps that began and whose effects stay whatever happens."""
        return tuple(s for s in self.steps if s.name in begun and s.spec.effects is Effects.IRREVERSIBLE)


def make_plan(
    wanted: Iterable[Wanted | Sequence[Wanted]], specs: Mapping[str, StepSpec], on_end: Iterable[WantedAtEnd] = ()
) -> Plan:
    """Bring the config's steps, and groups of them, together with what the steps say of themselves.

    `on_end` are those for when the run has ended.

    Raises: Refused with all findings: a step that is not known, can't be used, or does not know one of its options,
    a name that stands twice, and a step for the end that has an undo.
    """
    names: set[str] = set()
    findings: list[Refused] = []

    def planned(one: T, make: Callable[[T, Mapping[str, StepSpec]], PlannedStep]) -> list[PlannedStep]:
        if one.name in names:
            remedy = "give each step a name of its own (name: …)"
            findings.append(Refused(f"{_at(one)}{one.name!r} stands twice", remedy=remedy))
        names.add(one.name)
        try:
            return [make(one, specs)]
        except Refused as bad:
            findings.append(bad)
            return []

    groups = [
        tuple(step for one in (item if isinstance(item, Sequence) else (item,)) for step in planned(one, _planned))
        for item in wanted
    ]
    ending = [step for one in on_end for step in planned(one, _planned_at_end)]
    if findings:
        raise together(findings)
    return Plan(tuple(groups), tuple(ending))


def _planned(item: Wanted, specs: Mapping[str, StepSpec]) -> PlannedStep:
    spec = specs.get(item.uses)
    if spec is None:
        remedy = f"{_nearest(item.uses, sorted(specs))}; {_elsewhere(item.uses)}"
        raise Refused(f"{_at(item)}there is no step {item.uses!r}", remedy=remedy)
    unknown = [key for key in item.options if key not in spec.options]
    if unknown:
        raise together(
            [
                Refused(
                    f"{_at(item)}{item.name} has an option that {item.uses} does not know: {key!r}",
                    remedy=_nearest(key, spec.options) if spec.options else "it has none",
                )
                for key in unknown
            ]
        )
    if item.effects is not None:
        spec = replace(spec, effects=Effects(item.effects))
    return PlannedStep(item.name, spec, dict(item.options), item.retries, item.deadline, item.rollback_deadline)


def _planned_at_end(item: WantedAtEnd, specs: Mapping[str, StepSpec]) -> PlannedStep:
    step = _planned(item, specs)
    if step.undoable:
        message = f"{_at(item)}{item.name} can be undone, and with on: {item.on} nothing would: it runs after the undo"
        raise Refused(message, remedy=f"take away on: {item.on}, or name a step that only tells, such as a command")
    return replace(step, on=item.on, deadline=ON_END_DEADLINE if step.deadline is None else step.deadline)


_KEYS_OF_DEPLOY = ("prune", "recreate")
"""What people take for steps of their own."""


def _elsewhere(name: str) -> str:
    if name in _KEYS_OF_DEPLOY:
        return f"{name} is no step, but a key of another one: deploy: {{{name}: true}}"
    return (
        "that of another package has to be installed here (pip install PACKAGE), and `sternway steps` lists it then; "
        f"or, where it runs in a container of its own, what `sternway steps --declared {name}` prints there belongs "
        "into this configuration"
    )


def _at(item: Wanted) -> str:
    return f"{item.place}: steps: " if item.place else "steps: "


def _nearest(word: str, options: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, options, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(options)}"
