"""A case: what a command and its undo do, and what befalls the process that runs them; made from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

LAST = "last-words"
IDS = ("id-1", "id-2 with blanks")
OUTPUTS = {
    "nothing": "",
    "a line": f"echo {LAST}",
    "no line end": f"printf {LAST}",
    "binary": f"head -c 5000 /dev/urandom; printf '\\n{LAST}\\n'",
    "huge": f"head -c 20000000 /dev/zero | tr '\\0' x; printf '\\n{LAST}\\n'",
    "a flood": f"seq 1 30000; echo {LAST}",
    "to both": f"echo {LAST}; echo {LAST} >&2",
    "for its undo": f"printf 'STERNWAY_UNDO={IDS[0]}\\nnoise\\nSTERNWAY_UNDO={IDS[1]}\\n{LAST}\\n'",
}
CHILDREN = {
    "none": "",
    "in the group": "sleep {token} >/dev/null 2>&1 &",
    "with its output": "sleep {token} &",
    "in a session": "setsid sleep {token} >/dev/null 2>&1 &",
    "in a session, with its output": "setsid sleep {token} &",
    "without its environment": "env -i setsid sleep {token} >/dev/null 2>&1 &",
    "deaf": "sh -c 'trap \"\" TERM; sleep {token}; sleep {token}' >/dev/null 2>&1 &",
}
CODES = (0, 1, 2, 3, 4, 5, 64, 70, 75, 126, 127, 143, 255)
SIGNALS = ("KILL", "TERM", "HUP", "SEGV", "ABRT")
BEFALLS = ("nothing", "nothing", "nothing", "stopped", "killed", "killed in its undo")
SECONDS = 5
"""The deadline of what hangs."""


@dataclass(frozen=True)
class Act:
    """What a command does; `end` is `exit CODE`, `signal NAME`, `hang` or `hang, deaf`."""

    output: str
    child: str
    end: str

    @property
    def good(self) -> bool:
        """Whether it ends well."""
        return self.end == "exit 0"

    @property
    def hangs(self) -> bool:
        """Whether it has to be ended."""
        return self.end.startswith("hang")

    @property
    def prints(self) -> bool:
        """Whether its last line is known."""
        return self.output != "nothing"


@dataclass(frozen=True)
class Case:
    """`back` is what the first undo does, every later one ends well; `follows`: a later step fails."""

    number: int
    forward: Act
    back: Act
    befalls: str
    follows: bool

    def __str__(self) -> str:
        after = ", then a step fails" if self.follows else ""
        return f"case {self.number}: {self.forward}{after}; undo: {self.back}; befalls: {self.befalls}"


def case_of(number: int) -> Case:
    """Make the case of a number."""
    chance = random.Random(number)
    befalls = chance.choice(BEFALLS)
    end = "hang" if befalls in ("stopped", "killed") else _end(chance, good=0.4)
    forward = Act(_output(chance, end), chance.choice(list(CHILDREN)), end)
    end = "hang" if befalls == "killed in its undo" else _end(chance, good=0.5)
    back = Act(_output(chance, end), chance.choice(list(CHILDREN)), end)
    follows = befalls == "killed in its undo" or chance.random() < 0.6
    return Case(number, forward, back, befalls, follows)


def _end(chance: random.Random, *, good: float) -> str:
    if chance.random() < good:
        return "exit 0"
    kind = chance.choices(("exit", "signal", "hang", "hang, deaf"), (6, 3, 1, 0.5))[0]
    return (
        f"exit {chance.choice(CODES)}"
        if kind == "exit"
        else f"signal {chance.choice(SIGNALS)}"
        if kind == "signal"
        else kind
    )


def _output(chance: random.Random, end: str) -> str:
    """Choose an output; what has a deadline says little, or a slow machine would meet that before the end."""
    return chance.choice([name for name in OUTPUTS if not end.startswith("hang") or name not in ("huge", "a flood")])
