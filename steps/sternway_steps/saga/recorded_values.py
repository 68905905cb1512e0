"""The values with which a run began, for what comes after it on Argo: rollbacks and the report are given none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..config import Config
from ..journal.entries import Record
from ..journal.replay import has_head, replay
from .sealed import refuse_other_target


def with_recorded_values(config: Config, records: Sequence[Record], target: str) -> Config:
    """Return a configuration with the values that a run's record has; itself while there is none.

    `argo retry -p` drops the defaults of a template, so what a handler is told of them can't be relied on. The steps,
    and with them the commands, stay those of the configuration at hand: a record runs nothing by itself.

    Raises: Refused when the run is of another target.
    """
    if not has_head(records):
        return config
    story = replay(records)
    refuse_other_target(story, target)
    return replace(Config.from_dict(story.config), steps=config.steps, declared=config.declared)
