"""The way back of recorded runs: undo one, go back to one, finish what was cut off; and go on with one instead."""

from __future__ import annotations

from ..config import Config
from ..saga.events import Listener
from ..saga.policy import Policy
from ..saga.result import Result
from ..saga.trust import Approve
from .recorded import recorded
from .shared import Shared


def undo(
    shared: Shared, run: str, tell: Listener, policy: Policy, journal_of: Config | None, approve: Approve | None
) -> Result:
    """Undo a run from its journal alone; see `Session.rollback`."""
    store, run = recorded(shared, run, journal_of, "sternway rollback")
    return shared.alone(lambda: shared.rollback(store, tell, policy, approve).undo(run))


def go_back_to(
    shared: Shared, run: str, tell: Listener, policy: Policy, journal_of: Config | None, approve: Approve | None
) -> Result | None:
    """Undo the later runs of its target that stand; see `Session.rollback_to`."""
    store, run = recorded(shared, run, journal_of, "sternway rollback --to")
    return shared.alone(lambda: shared.rollback(store, tell, policy, approve).back_to(run))


def finish_undo(shared: Shared, run: str, tell: Listener, policy: Policy, journal_of: Config | None) -> Result | None:
    """Finish the undo of a run whose process was killed; see `Session.finish`."""
    command = "sternway rollback --unfinished"
    if journal_of is None:
        found = shared.journals.find(run, command)
    else:
        found = recorded(shared, run, journal_of, command, must=False)
    if found is None:
        return None
    return shared.alone(lambda: shared.rollback(found[0], tell, policy).finish(found[1]))


def go_on(
    shared: Shared, run: str, tell: Listener, policy: Policy, journal_of: Config | None, approve: Approve | None
) -> Result:
    """Go on forward with a run where it was interrupted; see `Session.resume`."""
    store, run = recorded(shared, run, journal_of, "sternway resume")
    return shared.alone(lambda: shared.rollback(store, tell, policy, approve).resume(run), shared.stop)
