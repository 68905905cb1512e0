"""How a target stands: what is live and what is held of it, and its hold taken off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config import Config
from ..errors import Refused
from ..saga.held import unhold
from ..saga.standing import newest_standing
from ..saga.target_status import TargetStatus, target_status
from .recorded import place_of
from .shared import Shared

if TYPE_CHECKING:
    from ..saga.hold import Hold


def newest_run(shared: Shared, config: Config) -> str:
    """Return the newest run of a config's target that stands; raises Refused when there is none."""
    at = shared.locate(config)
    return newest_standing(at.store, at.target)


def hold_no_more(shared: Shared, target: str | None, journal_of: Config | None) -> list[Hold]:
    """Let schedules deploy again what was undone of a target; see `Session.unhold`."""
    at = place_of(shared, target, journal_of)
    return unhold(at.store, at.target, shared.stop) if at is not None else []


def status_of(shared: Shared, target: str | None, journal_of: Config | None) -> TargetStatus:
    """Return how a target stands; see `Session.status`."""
    at = place_of(shared, target, journal_of)
    if at is None:
        lists = "`sternway runs` lists those that are; --namespace looks in another namespace"
        remedy = shared.journals.near_targets(str(target)) or lists
        raise Refused(f"no run of {target} is in the journal", remedy=remedy)
    return target_status(at.store, at.target)
