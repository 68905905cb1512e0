"""Whether a target holds what a run is about to deploy: asked before the run begins, or once its images are built."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..config import Config
from ..errors import Held
from ..exits import Exit
from ..journal.backends.store import Store
from ..journal.locks.lock import held
from ..journal.replay import Status, require_unlocked, story_of
from ..journal.writer import RunJournal
from ..spec import Outcome, StepSpec
from ..step import Context, FindsLate, Step
from .assembly import AssembledRun
from .author import author
from .cancel import StopAll
from .events import Listener, Note
from .hold import IMAGES, Hold, content_of, content_of_story, known_from
from .result import Result


@dataclass(frozen=True)
class HoldPolicy:
    """Who starts a run: a schedule, which a hold refuses, or a person, who is told of it and goes on."""

    unattended: bool = False
    force: bool = False
    """Somebody said --force-held."""

    @property
    def refuses(self) -> bool:
        """Whether a hold ends the run."""
        return self.unattended and not self.force


def holds(store: Store, target: str) -> list[Hold]:
    """List what a target holds, newest first: of each content the newest run, unless a later one succeeded with it.

    What the index says of it is hidden where there is a key, so the records are asked.
    """
    infos = store.index(target)
    if not any(info.holds for info in infos):
        return []
    over: set[str] = set()
    found = []
    for info in reversed(infos):
        if info.holds and info.holds not in over:
            if (story := story_of(records := store.records(info.run))) is None:
                require_unlocked(records)
            if story is None or story.holds in over:
                continue
            why = story.error.partition("\n")[0] or "somebody asked for it"
            found.append(Hold(info.run, target, story.holds, story.ended, why))
            over |= {info.holds, story.holds}
        elif info.status is Status.SUCCEEDED:
            story = story_of(store.records(info.run))
            over |= {content_of_story(story)} if story is not None and not story.back_to else set()
    return found


def hold_of(store: Store, target: str, content: str) -> Hold | None:
    """Return why a target holds a content, or None."""
    if not store.keys and not any(info.holds == content for info in store.index(target)):
        return None
    return next((hold for hold in holds(store, target) if hold.content == content), None)


def unhold(store: Store, target: str, stop: StopAll) -> list[Hold]:
    """Hold nothing of a target any more, which its runs record; return what it held.

    Raises: Transient when a run of it is at work, or the journal is away.
    """
    released = []
    lock = store.lock(target)
    with stop.joined() as stopped, held(lock, "unhold", stopped):
        found = {hold.run: hold for hold in holds(store, target)}
        for run in [info.run for info in store.index(target) if info.holds]:
            records = store.records(run)
            if (story := story_of(records)) is None:
                continue
            RunJournal.of(store.fenced(lock.fence), records).release_hold(story, author())
            released += [found[run]] if run in found else []
    return released


@dataclass(frozen=True)
class HoldCheck:
    """Asks for one run. Raises Held where the policy says so, else tells."""

    run: AssembledRun
    policy: HoldPolicy
    tell: Listener

    def before_the_run(self) -> None:
        """Ask, if its content is known before a step has run."""
        if known_from(self.run.plan) == 0:
            self._ask({})

    def on_the_way(self) -> AssembledRun:
        """Return the run, whose steps ask if its content is known only on the way."""
        plan = self.run.plan
        known = known_from(plan)
        if known == 0 or known == len(plan.groups):
            return self.run
        names = {step.name for step in plan.groups[known]}
        steps = {s.spec.name: self.run.steps[s.spec.name] for s in plan.steps}
        asking = {s.spec.name: _Asking(steps[s.spec.name], names, self._ask) for s in plan.groups[known]}
        return replace(self.run, steps={**steps, **asking})

    def refusal(self) -> Held | None:
        """Return why a run that has recorded nothing was refused before it began; None when no hold was the reason."""
        if not self.policy.refuses or known_from(self.run.plan):
            return None
        hold = hold_of(self.run.store, self.run.target, _content(self.run.config, {}))
        return hold.error() if hold is not None else None

    def _ask(self, images: Mapping[str, Any]) -> None:
        hold = hold_of(self.run.store, self.run.target, _content(self.run.config, images))
        if hold is None:
            return
        if self.policy.refuses:
            raise hold.error(built=bool(images))
        self.tell(Note(f"{hold.error()}; this run goes on, for somebody started it"))


def held_back(run: AssembledRun, error: Held) -> Result:
    """Return the end of a run that recorded nothing: nights that are held push no run out of the history."""
    return Result(run.id, Status.HELD, Exit.REFUSED, error, name=run.journal.name)


def _content(config: Config, images: Mapping[str, Any]) -> str:
    return content_of(config.to_dict(), images)


@dataclass(frozen=True)
class _Asking:
    """A step that asks before it executes, when it is one of `names`."""

    step: Step
    names: Collection[str]
    ask: Callable[[Mapping[str, Any]], None]

    @property
    def spec(self) -> StepSpec:
        return self.step.spec

    def execute(self, context: Context) -> Outcome:
        if context.step in self.names:
            self.ask(context.handed(IMAGES))
        return self.step.execute(context)

    def rollback(self, context: Context) -> Outcome:
        return self.step.rollback(context)

    def late(self, context: Context) -> Sequence[str]:
        return self.step.late(context) if isinstance(self.step, FindsLate) else ()
