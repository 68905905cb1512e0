"""Exit codes, kinds of errors, and events, of the tables and types that the program has for them."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import get_args

from sternway_steps.exits import ENDINGS, MEANING, Exit
from sternway_steps.saga.events import Event, StepProgress
from sternway_steps.spec import Progress

from .text import sentence, table


def codes() -> str:
    """Return the table of exit codes."""
    return table(("code", "meaning"), ((str(int(code)), meaning) for code, meaning in MEANING.items()))


def kinds() -> str:
    """Return the kinds of errors, as `--output json` names them, with the codes that they end with."""
    rows = [(f"`{row.error.__name__}`", str(int(row.code)), sentence(row.error.__doc__)) for row in ENDINGS]
    return table(
        ("kind", "exit code", "what it says"),
        [*rows, ("any other", str(int(Exit.BUG)), f"{MEANING[Exit.BUG][0].upper()}{MEANING[Exit.BUG][1:]}.")],
    )


def events() -> str:
    """Return a table of the events of a run."""
    return table(("type", "fields", "what it says"), (_event(each) for each in get_args(Event)))


def _event(kind: type) -> tuple[str, str, str]:
    assert is_dataclass(kind)
    names = [field.name for field in fields(kind)]
    if kind is StepProgress:  # its fields are the line's own
        names = [*names[:-1], *(field.name for field in fields(Progress))]
    shown = re.sub(r"(?<!^)([A-Z])", r"-\1", kind.__name__).lower()
    return shown, ", ".join(names), sentence(kind.__doc__)
