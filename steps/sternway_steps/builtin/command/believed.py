"""What this step believes of a journal, which is data from anybody who may write there.

A record says which command ran and where. What is ended for it is only what such a command can be, and what is run for
it goes by a runner that its options allow.
"""

from __future__ import annotations

from ...errors import Refused
from ...spec import Action
from ...step import Context
from .invocation import Invocation, name_of
from .keys import BY_NAME
from .record import Begun
from .runner import Runner, runner_named

_RUNNERS = {False: ("process",), True: (*BY_NAME, "kubernetes")}
"""By whether there is an image."""


def require_own(context: Context, begun: Begun) -> None:
    """Raise Refused for a command that can't be one of this step of this run: nothing is ended for its sake."""
    mark = begun.mark
    action, attempt = str(mark.get("STERNWAY_ACTION")), str(mark.get("STERNWAY_ATTEMPT"))
    own = (mark.get("STERNWAY_RUN"), mark.get("STERNWAY_STEP")) == (context.run, context.step)
    if own and action in list(Action) and attempt.isdecimal():
        own = begun.name == name_of(context.run, context.step, Action(action), int(attempt))
    else:
        own = False
    if not own or begun.runner not in (*_RUNNERS[True], *_RUNNERS[False]):
        raise Refused(
            f"step {context.step}: the journal names {begun.name!r} ({begun.runner!r}), which is no command of its own",
            remedy="look who wrote it; end by hand what still runs of this step",
        )


def runner_back(work: Invocation, begun: Begun) -> Runner:
    """Return the runner of the command that undoes another one: where that ran, for there it reaches what it changed.

    Raises: Refused when the options of the step do not allow it.
    """
    wanted, allowed = str(work.options.get("runner", "auto")), _RUNNERS[bool(work.image)]
    if begun.runner not in allowed or wanted not in ("auto", begun.runner):
        where = f"in image {work.image}" if work.image else "as a process"
        raise Refused(
            f"the journal says that it ran by {begun.runner!r}, and its command runs {where} (runner: {wanted})",
            remedy="look who wrote it, and undo this step by hand",
        )
    return runner_named(begun.runner)
