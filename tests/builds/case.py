"""One case: a few tags, and runs that build and push to them at once; some fail, some are killed, some are stopped."""

from __future__ import annotations

import random
from dataclasses import dataclass

ENDS = ("good", "good", "fails", "killed", "killed", "stopped")


@dataclass(frozen=True)
class Run:
    """A run: which tag it moves, what becomes of it, and when (in seconds) it starts and is interrupted."""

    number: int
    tag: int
    end: str
    starts: float
    after: float


@dataclass(frozen=True)
class Case:
    """`old` are the tags that are there before."""

    seed: int
    builder: str
    tags: int
    old: frozenset[int]
    runs: tuple[Run, ...]

    def __str__(self) -> str:
        runs = ", ".join(f"{r.number}: tag {r.tag} {r.end} {r.starts:.2f}+{r.after:.2f}" for r in self.runs)
        return f"case {self.seed} ({self.builder}, old {sorted(self.old)}): {runs}"


def case_of(seed: int, builder: str, tags: int, runs: int, quick: float) -> Case:
    """Make the case of a seed; `quick` is about how long one run takes, so that what interrupts it hits it at work."""
    dice = random.Random(seed)
    made = [
        Run(number, dice.randrange(tags), dice.choice(ENDS), dice.uniform(0, quick / 4), dice.uniform(0.2, 1.1) * quick)
        for number in range(runs)
    ]
    return Case(seed, builder, tags, frozenset(t for t in range(tags) if dice.random() < 0.6), tuple(made))
