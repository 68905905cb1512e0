"""Runs, kills and undo orders on one tag: random cases, and what the tag has to be, by a stack that knows none of ours.

Each run that moved the tag lies as a layer on what was there; an undo takes its layer out, wherever it lies; what
somebody else pushes lies there for good. The tag is what the uppermost layer says.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

CONTENTS = ("a", "b", "c")
FOREIGN = ("x", "y", "")
"""What others push; "": they delete the tag."""


@dataclass(frozen=True)
class Op:
    """`what` is run, fail, undo or foreign; `kill` is the request at which its process dies, 0 for none.

    `meanwhile` happens at the same request instead, from its beginning to its end.
    """

    what: str
    run: int = -1
    content: str = ""
    kill: int = 0
    meanwhile: Op | None = None

    def __str__(self) -> str:
        at = f" killed at {self.kill}" if self.kill and self.meanwhile is None else ""
        there = f" (at {self.kill}: {self.meanwhile})" if self.meanwhile is not None else ""
        return f"{self.what}{f' r{self.run}' if self.run >= 0 else ''} {self.content!r}{at}{there}"


@dataclass
class Stack:
    """The layers, lowest first: who laid them (-1: somebody else), and what the tag is by them ("": nothing)."""

    layers: list[tuple[int, str]] = field(default_factory=lambda: [(-1, "")])
    open: set[int] = field(default_factory=set)
    """Runs that were killed, or whose undo was, and are not undone."""

    def lay(self, run: int, content: str) -> None:
        self.layers.append((run, content))

    def take(self, run: int) -> None:
        self.layers = [layer for layer in self.layers if layer[0] != run]
        self.open.discard(run)

    @property
    def top(self) -> str:
        return self.layers[-1][1]

    @property
    def sure(self) -> bool:
        """Whether it is known what lies where: not while a process died, for none says whether its request arrived."""
        return not self.open


def case_of(seed: int, runs: int = 4) -> list[Op]:
    """Make the case of a seed; in the end all runs are undone, in some order, so that only what others laid is left."""
    dice = random.Random(seed)
    ops: list[Op] = []
    if dice.random() < 0.5:
        ops.append(Op("foreign", content=dice.choice(FOREIGN[:2])))
    waiting, left = list(range(runs)), []
    while waiting or left:
        if waiting and (not left or dice.random() < 0.55):
            run = waiting.pop(0)
            content = dice.choice(CONTENTS)
            kind = dice.choices(("run", "fail", "killed", "meanwhile"), (5, 2, 2, 2))[0]
            kill = dice.randrange(1, 16) if kind in ("killed", "meanwhile") else 0
            inner = None
            if kind == "meanwhile" and left and dice.random() < 0.5:
                inner = Op("undo", left.pop(dice.randrange(len(left))))
            elif kind == "meanwhile" and waiting:
                other = waiting.pop(0)
                inner = Op("run", other, dice.choice(CONTENTS))
                left.append(other)
            ops.append(Op("fail" if kind == "fail" else "run", run, content, kill, inner))
            left.append(run)
        elif dice.random() < 0.1:
            ops.append(Op("foreign", content=dice.choice(FOREIGN)))
        else:
            run = left.pop(dice.randrange(len(left)))
            if dice.random() < 0.2:
                ops.append(Op("undo", run, kill=dice.randrange(1, 10)))
            elif left and dice.random() < 0.2:
                inner = Op("undo", left.pop(dice.randrange(len(left))))
                ops.append(Op("undo", run, kill=dice.randrange(1, 10), meanwhile=inner))
            ops.append(Op("undo", run))
    return ops
