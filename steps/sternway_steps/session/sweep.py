"""Bring to their end the runs whose process is gone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..config import Config
from ..journal.backends.store import Store
from ..journal.name import RunName
from ..saga.lost_run import sweep_lost
from ..saga.policy import Policy
from ..saga.sweep import Sweeper, Swept
from .shared import Shared


def sweep_journals(
    shared: Shared,
    tell: Callable[[Swept], None],
    policy: Policy,
    everywhere: bool,
    target: str | None,
    run: str | None,
    journal_of: Config | None,
) -> list[Swept]:
    """End each run whose process is gone; see `Session.sweep`."""
    stores, target, run = _where(shared, everywhere, target, run, journal_of)
    swept: list[Swept] = []
    for store in stores:
        finish = partial(shared.rollback(store, lambda _: None, policy).finish, by_policy=True)
        sweeper = Sweeper(store, finish, shared.book, shared.stop, tell)
        swept += sweeper.sweep(target, run)
        if journal_of is not None and run is None:
            swept += sweep_lost(shared.book, store, str(target), journal_of, tell)
    return swept


def _where(
    shared: Shared, everywhere: bool, target: str | None, run: str | None, journal_of: Config | None
) -> tuple[list[Store], str | None, str | None]:
    """Return the journals to sweep, and which target's runs there, and which run alone."""
    if run is not None and RunName.parse(run).place:
        store, run = shared.journals.get(run, "sternway sweep --run")
        return [store], target, run
    if journal_of is not None:
        at = shared.locate(journal_of)
        return [at.store], at.target, run
    return list(shared.journals.each(everywhere=everywhere)), target, run
