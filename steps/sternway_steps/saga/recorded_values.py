"""What the record of a run says to the steps that come later: its values on Argo, and the specs of steps elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from ..config import Config
from ..config.each_step import each_step
from ..journal.entries import Record
from ..journal.replay import has_head, replay
from .recorded_config import recorded_config
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
    return replace(recorded_config(story), steps=config.steps, on_end=config.on_end, declared=config.declared)


def with_recorded_specs(config: Config, records: Callable[[], Sequence[Record]], known: Collection[str]) -> Config:
    """Return a configuration that takes the specs of steps that are not `known` here from a run's record.

    The container of one step has the packages of no other one; whoever began the run knew what they say of themselves.
    What the configuration at hand declares itself counts. `records` is called only when a step is missing.
    """
    uses = {step.uses for step, _, _ in each_step((*config.steps, *config.on_end))}
    missing = {name for name in uses if name not in config.declared and name not in known}
    if not missing or not has_head(recorded := records()):
        return config
    specs = recorded_config(replay(recorded)).declared
    return replace(config, declared={**{name: specs[name] for name in missing & set(specs)}, **config.declared})
