"""What speaks against a run, and what it would change: asked without changing anything.

`plan` and `run` ask the same. What the server has against it is said by the step `validate` too, which asks it alone:
what the other steps find on this machine (programs, folders, a builder) is not to be found in its pod.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

from ..config.prune import prunes
from ..errors import ClusterError, Refused, SternwayError, is_transient, together
from ..release.precheck import Precheck, precheck
from ..release.preview import Preview
from ..release.prune import preview_of
from ..release.unnamed import look_for_unnamed
from ..spec import OtherRun, StepSpec
from .assembly import AssembledRun
from .other_runs import other_runs
from .refusals import refusals

_NOTHING = Precheck(())
_NOBODY: tuple[Refused, ...] = ()
_VALIDATE = "validate"
_T = TypeVar("_T")


def preflight(run: AssembledRun, stop: threading.Event) -> Precheck:
    """Validate, ask the server what a deploy would change, and the steps whether they would be refused.

    Raises: Transient, ClusterError when something can't be told now, and nothing is wrong for sure.
    """
    unsure: list[Exception] = []
    found = _asked(lambda: _by_the_server(run), _NOTHING, unsure)
    found = replace(found, refusals=(*found.refusals, *_asked(lambda: tuple(refusals(run, stop)), _NOBODY, unsure)))
    if unsure and not found.refusals:
        raise unsure[0]
    stays = run.plan.stays_of([step.name for step in run.plan.steps])
    on_end = tuple((step.name, step.on) for step in run.plan.on_end)
    return replace(found, stays=tuple(step.name for step in stays), on_end=on_end)


def require_no_refusal(run: AssembledRun, stop: threading.Event) -> None:
    """Refuse a run, before anything is written, that one of its steps would refuse.

    Then `validate` has no turn, so what the server has against the run is said as well.

    Raises: Refused with all of it; Transient when a step can't tell now, and nothing is wrong for sure.
    """
    unsure: list[Exception] = []
    found = _asked(lambda: tuple(refusals(run, stop)), _NOBODY, unsure)
    if not found and not unsure:
        return
    said = [*_asked(lambda: _by_the_server(run), _NOTHING, []).refusals, *found]
    raise together(said) if said else unsure[0]


def no_longer_named(run: AssembledRun) -> list[Preview]:
    """Return what the target deployed before, and its configuration no longer names; raises ApiError, SternwayError."""
    found = look_for_unnamed(run.client, run.config, run.target, _earlier(run))
    return [preview_of(one, removes=prunes(run.config)) for one in found]


def _earlier(run: AssembledRun) -> Callable[[], Iterator[OtherRun]]:
    return partial(other_runs, run.store, run.id, run.target)


def _by_the_server(run: AssembledRun) -> Precheck:
    specs = [step.spec for step in run.plan.all_steps]
    if not any(spec.name == _VALIDATE or _needs_rights(spec) for spec in specs):
        return _NOTHING
    return precheck(run.client, run.config, specs, run.target, run.journal.target_of, lambda _: None, _earlier(run))


def _needs_rights(spec: StepSpec) -> bool:
    """Return whether a step uses the cluster wherever it runs: a command does so in a pod alone."""
    return any(not rule.in_target for rule in (*spec.execute_rules, *spec.rollback_rules))


def _asked(ask: Callable[[], _T], nothing: _T, unsure: list[Exception]) -> _T:
    """Return an answer; where it can't be had now, `nothing`, and the reason goes to `unsure`."""
    try:
        return ask()
    except (SternwayError, ClusterError) as error:
        if not is_transient(error):
            raise
        unsure.append(error)
        return nothing
