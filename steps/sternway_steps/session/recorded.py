"""Where the run, or the target, is recorded that a caller names."""

from __future__ import annotations

from dataclasses import replace

from ..config import Config
from ..errors import Refused
from ..journal.backends.store import Store
from ..journal.name import RunName
from ..saga.location import Location, recorded_at
from .shared import Shared


def recorded(
    shared: Shared, run: str, journal_of: Config | None, command: str, *, must: bool = True
) -> tuple[Store, str]:
    """Return the journal that holds a run, and the run's id.

    Raises: Refused when it does not; an id alone may be (unless `must`) that of a run that never began.
    """
    if journal_of is None:
        return shared.journals.get(run, command)
    at, id_ = located(shared, shared.locate(journal_of), journal_of, run, command, strict=True)
    if (must or RunName.parse(run).place) and at.store.target_of(id_) is None:
        found = shared.journals.find(id_, command)
        there = found is not None and found[0].target_of(id_) is not None
        remedy = "`sternway runs` lists those that are"
        if found is not None and there:
            remedy = f"if that is meant: {command} {found[0].name(id_)}"
        where = ", but in another journal" if there else ""
        raise Refused(f"run {id_} is not in the journal ({at.store.where()}){where}", remedy=remedy)
    return at.store, id_


def located(
    shared: Shared, at: Location, config: Config, run: str, command: str, *, strict: bool
) -> tuple[Location, str]:
    """Return where a run of a configuration is recorded, and its id; `at` is what the configuration says.

    A name says it itself. An id alone is looked for where the configuration is; if that is left to the kubeconfig,
    and the run is in another namespace alone, then (`strict`) it is not taken for one that never began.

    Raises: Refused when the run is not known, or the kubeconfig at hand is not the run's.
    """
    named = RunName.parse(run)
    if named.place and at.store.name(named.run) != run:
        journals = replace(shared.journals, keys=at.store.keys)
        return recorded_at(journals.at(named.place), named), named.run
    at_hand = at.namespace and not (config.namespace or config.journal.namespace)
    if strict and at_hand and not named.place and at.store.target_of(run) is None:
        found = shared.journals.find(run, command)
        if found is not None and found[0].name(run) != at.store.name(run):
            raise Refused(
                f"run {run} is not in namespace {at.namespace}, which is the kubeconfig's, but in another one",
                remedy=f"if that is meant: {command} {found[0].name(run)}",
            )
    return at, named.run


def place_of(shared: Shared, target: str | None, config: Config | None) -> Location | None:
    """Return where the runs of a target are recorded; None when there are none."""
    if config is not None:
        return shared.locate(config)
    if target is None:
        raise ValueError("a target or a configuration is needed")
    heads = shared.journals.all().heads(target, locked=True)
    return Location(target, shared.journals.at(heads[-1].place), "") if heads else None
