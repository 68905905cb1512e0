"""Which commands of a journal may run: a journal is data from anybody who may write there.

A command of a record runs only when the configuration at hand has the same step with the same command, or when a person
has seen it and said so. What is compared is all that decides what would run (see `step.Runs`), as the run recorded it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..config import Config
from ..config.schema import StepConfig
from ..errors import Refused
from ..journal.replay import Story
from ..spec import Action
from ..step import Runs
from .plan import PlannedStep


@dataclass(frozen=True)
class Concern:
    """A command that stands in a journal alone: of which run and step, as it is shown, and why it is not run."""

    run: str
    step: str
    command: str
    why: str
    told: str
    """What tells it from every other one."""

    def __str__(self) -> str:
        if not self.step:
            return f"run {self.run}: {self.why}"
        return f"run {self.run}, step {self.step}: {self.command} ({self.why})"


Approve = Callable[[Sequence[Concern]], bool]
"""Asks a person whether commands of a journal may run."""


@dataclass(frozen=True)
class Trust:
    """What there is to go by: the configuration at hand, and what a person has said."""

    config: Config | None = None
    everything: bool = False
    """A person said that this journal is to be trusted."""
    approved: frozenset[str] = frozenset()
    """What a person was shown, and approved."""

    def concern(self, run: str, planned: PlannedStep, step: object, config: Config, action: Action) -> Concern | None:
        """Return what is against running what a recorded step has run for an action; None for nothing.

        Args:
            run: what commands call the run.
            planned: the step as the run recorded it.
            step: what it is; None for one that is not installed, which runs nothing.
            config: the configuration that the run recorded.
            action: execute or rollback.

        """
        if self.everything or not isinstance(step, Runs):
            return None
        wanted = step.runs(config, planned.options, action)
        if not wanted:
            return None
        told = _text({"run": run, "step": planned.name, "uses": planned.spec.name, "action": action, "runs": wanted})
        if told in self.approved:
            return None
        why = self._differs(planned, step, wanted, action)
        return Concern(run, planned.name, _shown(wanted), why, told) if why else None

    def unchained(self, story: Story) -> Concern | None:
        """Return what is against believing a record at all; None for nothing."""
        told = f"unchained {story.name}"
        if (story.chained and not story.clear) or self.everything or told in self.approved:
            return None
        why = "its records bear no digests: an older version wrote them, or somebody changed them"
        if story.chained:
            why = "its records are not encrypted: they are older than the journal's key, or somebody else wrote them"
        return Concern(story.name, "", "", why, told)

    def require_chained(self, story: Story) -> None:
        """Refuse to go by a record without digests unless a person says so; raises Refused."""
        if (concern := self.unchained(story)) is not None:
            remedy = f"look at it (sternway show {story.name}), then: sternway rollback {story.name}, which asks"
            raise Refused(f"{concern}, so nothing undoes it by itself", remedy=remedy)

    def approving(self, concerns: Iterable[Concern]) -> Trust:
        """Return the same, with commands that a person has approved."""
        return replace(self, approved=self.approved | {concern.told for concern in concerns})

    def _differs(self, planned: PlannedStep, step: Runs, wanted: Any, action: Action) -> str:
        if self.config is None:
            return "it stands in the journal alone: there is no configuration at hand"
        mine = _step_of(self.config, planned.name, planned.spec.name)
        if mine is None:
            return "the configuration at hand has no such step"
        here = step.runs(self.config, mine.options, action)
        if not here:
            return "the step of the configuration at hand runs nothing for it"
        return "" if _text(here) == _text(wanted) else f"the configuration at hand says: {_shown(here)}"


def approved(trust: Trust, concerns: Sequence[Concern], approve: Approve | None) -> Trust:
    """Return the trust with what a person approves; raise Refused when nobody does, before anything is touched."""
    if not concerns:
        return trust
    if approve is None or not approve(concerns):
        raise Refused(
            "this stands in the journal alone, and whoever may write there may have made it:\n"
            + "\n".join(map(str, concerns)),
            remedy="call it on a terminal, which asks; or with --config FILE, which has these commands; or, when you "
            "know who wrote it, with --trust-journal",
        )
    return trust.approving(concerns)


def _step_of(config: Config, name: str, uses: str) -> StepConfig | None:
    groups = ((item,) if isinstance(item, StepConfig) else item for item in (*config.steps, *config.on_end))
    return next((step for group in groups for step in group if (step.name, step.uses) == (name, uses)), None)


def _text(data: Any) -> str:
    return json.dumps(data, sort_keys=True, default=lambda one: dict(one) if isinstance(one, Mapping) else list(one))


def _shown(wanted: Mapping[str, Any]) -> str:
    """Show all that would run, in one line that no terminal obeys: what is left out could be what matters."""
    line = shlex.join(map(str, wanted.get("command") or ()))
    rest = [f"{key}: {_text(value)}" for key, value in wanted.items() if key != "command" and value]
    text = "; ".join([*([line] if line else []), *rest])
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
