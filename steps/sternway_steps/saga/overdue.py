"""Names a step that does not look at its deadline: nothing but the end of the process ends it otherwise."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..spec import Action
from ..step import Context
from .plan import PlannedStep

GRACE = 15.0
"""Seconds after its deadline in which a step is to see it: a command has ten between SIGTERM and SIGKILL."""


@contextmanager
def overdue(planned: PlannedStep, action: Action, context: Context, grace: float = GRACE) -> Iterator[None]:
    """Say it, once, when a step is still at work so many seconds after its deadline."""
    if context.deadline is None:
        yield
        return
    late = threading.Timer(max(0.0, context.deadline - context.clock()) + grace, _tell, (planned, action, context))
    late.daemon = True
    late.start()
    try:
        yield
    finally:
        late.cancel()


def _tell(planned: PlannedStep, action: Action, context: Context) -> None:
    assert context.deadline is not None  # noqa: S101  else nobody waits for it
    past = context.clock() - context.deadline
    context.say(
        f"warning: {action.value} of step {planned.name} goes on {past:.0f} s after its deadline, which it does not "
        "look at: context.check() between its changes, and waits that end by context.deadline"
    )
