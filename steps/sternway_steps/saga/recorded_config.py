"""The configuration that a run's record holds."""

from __future__ import annotations

from ..config import Config
from ..errors import Refused
from ..journal.replay import Story


def recorded_config(story: Story) -> Config:
    """Return it; raises Refused when it is none."""
    try:
        return Config.from_dict(story.config)
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        said = f"{type(wrong).__name__}: {wrong}"
        raise Refused(
            f"the record of run {story.name} is damaged: it holds no configuration ({said})",
            remedy="put back by hand what it changed, and delete its Secrets (its folder) from the journal",
        ) from wrong
