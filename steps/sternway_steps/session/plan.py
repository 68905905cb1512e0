"""What a deploy would do, asked of the server; nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config import Config
from ..config.program import with_data
from ..errors import together
from ..saga.preflight import no_longer_named, preflight
from .shared import Shared

if TYPE_CHECKING:
    from ..release.precheck import Precheck
    from ..release.preview import Preview
    from ..saga.assembly import AssembledRun
    from ..saga.saved_plan import SavedPlan


def ask_server(shared: Shared, config: Config) -> Precheck:
    """Validate, and return what a deploy would change."""
    return preflight(_planned(shared, config), shared.stop)


def list_no_longer_named(shared: Shared, config: Config) -> list[Preview]:
    """Return what the target deployed before and a configuration no longer names."""
    return no_longer_named(_planned(shared, config))


def plan_to_save(shared: Shared, config: Config, found: Precheck) -> SavedPlan:
    """Return what was found of a configuration, with the digests of its images; raises what refuses it."""
    from ..saga.saved_plan import SavedPlan
    from ..saga.unmoved_plan import image_digests

    if found.refusals:
        raise together(found.refusals)
    run = _planned(shared, config)
    return SavedPlan.of(run.target, run.config, found.previews, image_digests(run.config))


def _planned(shared: Shared, config: Config) -> AssembledRun:
    config = with_data(config)
    return shared.assembly.new_run(config, "plan", shared.locate(config))
