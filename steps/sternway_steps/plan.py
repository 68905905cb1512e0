"""What runs, in which order, and what is undone. Pure; both runners read it."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import Refused
from .step import Effects, StepSpec


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
    def retries(self) -> int:
        """How often it is tried again."""

    @property
    def deadline(self) -> float | None:
        """Seconds for one attempt."""


@dataclass(frozen=True)
class PlannedStep:
    """One step of a run. `deadline` is seconds for one attempt, or None; `retries` counts tries after the first."""

    name: str
    spec: StepSpec
    options: Mapping[str, Any] = field(default_factory=dict)
    retries: int = 2
    deadline: float | None = None

    @property
    def undoable(self) -> bool:
        """Whether its rollback has anything to do once it began."""
        return self.spec.effects is Effects.REVERSIBLE


@dataclass(frozen=True)
class Plan:
    """The steps in the order in which they run."""

    steps: tuple[PlannedStep, ...]

    def undo_of(self, begun: Collection[str]) -> tuple[PlannedStep, ...]:
        """Give the steps to roll back, last first: all that began, a failed one too, and can be undone."""
        return tuple(step for step in reversed(self.steps) if step.name in begun and step.undoable)

    def stays_of(self, begun: Collection[str]) -> tuple[PlannedStep, ...]:
        """Give the steps that began and whose effects stay whatever happens."""
        return tuple(s for s in self.steps if s.name in begun and s.spec.effects is Effects.IRREVERSIBLE)


def make_plan(wanted: Iterable[Wanted], specs: Mapping[str, StepSpec]) -> Plan:
    """Bring the config's steps together with what the steps say of themselves.

    Raises: Refused, when a step is not known, does not know one of its options, or a name stands twice.
    """
    steps: list[PlannedStep] = []
    for item in wanted:
        spec = specs.get(item.uses)
        if spec is None:
            raise Refused(f"steps: there is no step {item.uses!r}", remedy=_nearest(item.uses, sorted(specs)))
        if any(step.name == item.name for step in steps):
            raise Refused(f"steps: {item.name!r} stands twice", remedy="give each step a name of its own (name: …)")
        for key in item.options:
            if key not in spec.options:
                remedy = _nearest(key, spec.options) if spec.options else "it has none"
                raise Refused(
                    f"steps: {item.name} has an option that {item.uses} does not know: {key!r}", remedy=remedy
                )
        steps.append(PlannedStep(item.name, spec, dict(item.options), item.retries, item.deadline))
    return Plan(tuple(steps))


def _nearest(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
