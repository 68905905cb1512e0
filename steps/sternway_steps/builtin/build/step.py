"""Build: an image from a folder or a git revision is pushed; the undo restores the tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ...spec import Action, Effects, Outcome, StepSpec
from ...step import Context
from .keys import OPTIONS

if TYPE_CHECKING:
    from ...config import Config

SPEC = StepSpec(name="build", effects=Effects.REVERSIBLE, needs_cluster=False, options=OPTIONS, hands_on=("images",))


class Build:
    """Builds an image and pushes it; later steps use its digest."""

    # What it works with is loaded when it works: most runs of the command line only name it.

    @property
    def spec(self) -> StepSpec:
        """What build is and needs: which program depends on the config, so check() asks for it."""
        return SPEC

    def runs(self, config: Config, options: Mapping[str, Any], action: Action) -> Mapping[str, Any] | None:
        """Return what is built and with what: a Dockerfile runs whatever it says. The undo runs nothing."""
        if action is not Action.EXECUTE:
            return None
        from ...config.build import BuildConfig, safe

        whole = safe(asdict((config.build or BuildConfig()).laid_over(options)))
        return {key: value for key, value in whole.items() if key not in ("image", "labels", "places")}

    def check(self, context: Context) -> None:
        """Refuse what could not be built or pushed; begins an upload and gives it up."""
        from .checks import checked, config_of

        checked(context, config_of(context))

    def execute(self, context: Context) -> Outcome:
        """Build the image, record what the tag points to, and push."""
        from .execute import execute

        return execute(context)

    def rollback(self, context: Context) -> Outcome:
        """Point the tag to what it pointed to before, if it still points to what this run pushed."""
        from .rollback import rollback

        return rollback(context)
