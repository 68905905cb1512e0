"""What all checks need: the state before and after, runs that are cut, and what must hold then."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from ..errors import is_transient
from ..release.rights import applies, everywhere
from ..saga.attempt import Attempted
from ..step import Action, Effects, StepSpec
from .points import Cut, Points, sample
from .trial import Subject, Trial
from .watched import Right
from .world import World

_TRIES = 5


def fail(text: str) -> NoReturn:
    """Fail the test; the text says what the step did, and what it has to do."""
    raise AssertionError(text)


@dataclass(frozen=True)
class Lab:
    """A step, its world, and how to look at what it changes. `most` bounds how many points of a kind are tried."""

    subject: Subject
    world: World
    look: Callable[[World], Any]
    most: int = 30
    own_process: bool = True

    @property
    def spec(self) -> StepSpec:
        """What the step says of itself."""
        return self.subject.make().spec

    def state(self) -> Any:
        """Look at all that the step may change."""
        return self.look(self.world)

    def trial(self) -> Trial:
        """Begin a new run."""
        return Trial(self.subject)

    def executed(self) -> Trial:
        """Give a run whose execution went well."""
        trial = self.trial()
        self.must_succeed(self.patiently(trial, Action.EXECUTE), "execute")
        return trial

    def points(self, action: Action, most: int | None = None) -> Iterator[tuple[int, str]]:
        """Give the points of an action by number, as far as they are tried."""
        before = self.state()
        trial = self.trial() if action is Action.EXECUTE else self.executed()
        seen = self.seen(trial, action)
        self.must_be_undone(trial, before, "after all of it")
        for number in sample(seen, self.most if most is None else most):
            yield number, seen[number - 1]

    def seen(self, trial: Trial, action: Action) -> list[str]:
        """Do it to its good end, and give the points that it came to."""
        for _ in range(_TRIES):
            counted = Points()
            done = trial.act(action, counted)
            if not is_transient(done.error):
                break
        self.must_succeed(done, action.value)
        return counted.seen

    def cut(self, trial: Trial, action: Action, number: int) -> None:
        """Let an action's process be gone at a point; it may have ended before it."""
        with suppress(Cut):
            trial.act(action, Points.cut(number))

    def must_succeed(self, done: Attempted, what: str) -> None:
        """Fail when an attempt did."""
        if done.error is not None:
            fail(f"{what}: {type(done.error).__name__}: {done.error}")

    def must_be_undone(self, trial: Trial, before: Any, when: str) -> None:
        """Roll a run back as the runners do, and fail when what is left is not what was before."""
        effects = self.spec.effects
        if effects is Effects.REVERSIBLE:
            done = self.patiently(trial, Action.ROLLBACK)
            if done.error is not None:
                fail(f"{when}: the rollback failed: {type(done.error).__name__}: {done.error}")
        if effects is not Effects.IRREVERSIBLE and (now := self.state()) != before:
            fail(f"{when}: it was not undone: there is {now!r} instead of {before!r}")

    def patiently(self, trial: Trial, action: Action, rights: Collection[Right] | None = None) -> Attempted:
        """Do it as the runners do: again while it says that it may work then."""
        for _ in range(_TRIES):
            done = trial.act(action, rights=rights)
            if not is_transient(done.error):
                break
        return done

    def rights(self) -> frozenset[Right]:
        """Give the rights that the generated Role would hold: by the rules of the step, and those it runs with."""
        config = self.subject.config
        objects = [manifest.obj for manifest in (*config.manifests, *config.hooks)]
        found: set[Right] = set()
        specs = (self.spec, *self.subject.others)
        for rule in (rule for spec in specs for rule in (*spec.execute_rules, *spec.rollback_rules)):
            mine = [obj for obj in objects if applies(rule, obj["apiVersion"], obj["kind"])]
            if rule.resources == ("*",):
                places = [self.world.client.resource(obj["apiVersion"], obj["kind"]) for obj in mine]
                found |= {(place.group, place.plural, verb) for place in places for verb in rule.verbs}
            elif mine or everywhere(rule):
                found |= {(rule.api_group, resource, verb) for resource in rule.resources for verb in rule.verbs}
        return frozenset(found)
