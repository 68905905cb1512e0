"""What all checks need: the state before and after, runs that are cut off, and what must hold then."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from ..config import JournalConfig
from ..errors import is_transient, with_kind
from ..release.missing_rights import deployed_kinds
from ..release.rights import rights_of
from ..release.targets import hooks_of, namespace_of, objects_of
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
    """A step, its world, and how to look at what it changes.

    `most` limits how many points of each kind are tried.
    """

    subject: Subject
    world: World
    look: Callable[[World], Any]
    most: int = 30
    hide: Callable[[World], Mapping[str, str]] = lambda _: {}
    """Gives what the step must show to nobody, by a name for it."""
    own_process: bool = True

    @property
    def spec(self) -> StepSpec:
        """The step's spec."""
        return self.subject.make().spec

    def state(self) -> Any:
        """Return everything that the step may change."""
        return self.look(self.world)

    def secrets(self) -> Mapping[str, bytes]:
        """Return the values that nobody may be shown, by name: of the world's Secrets, and what the test names."""
        told = {name: value.encode(errors="surrogateescape") for name, value in self.hide(self.world).items()}
        return {**self.world.secrets(), **told}

    def trial(self) -> Trial:
        """Return a new run."""
        return Trial(self.subject)

    def executed(self) -> Trial:
        """Return a run whose execution succeeded."""
        trial = self.trial()
        self.must_succeed(self.with_retries(trial, Action.EXECUTE), "execute")
        return trial

    def points(self, action: Action, most: int | None = None) -> Iterator[tuple[int, str]]:
        """Yield number and name of the points of an action that are to be tried."""
        before = self.state()
        trial = self.trial() if action is Action.EXECUTE else self.executed()
        reached = self.reached(trial, action)
        self.must_be_undone(trial, before, "after all of it")
        for number in sample(reached, self.most if most is None else most):
            yield number, reached[number - 1]

    def reached(self, trial: Trial, action: Action) -> list[str]:
        """Do an action to its end, and return the points that it came to."""
        for _ in range(_TRIES):
            counted = Points()
            done = trial.act(action, counted)
            if not is_transient(done.error):
                break
        self.must_succeed(done, action.value)
        return counted.reached

    def cut(self, trial: Trial, action: Action, number: int) -> None:
        """Let the process of an action die at a point; the action may have ended before it."""
        with suppress(Cut):
            trial.act(action, Points.cut(number))

    def must_succeed(self, done: Attempted, what: str) -> None:
        """Fail the test when an attempt failed."""
        if done.error is not None:
            fail(f"{what}: {with_kind(done.error)}")

    def must_be_undone(self, trial: Trial, before: Any, when: str) -> None:
        """Roll a run back as the runners do, and fail the test when the state is not what it was before."""
        effects = self.spec.effects
        if effects is Effects.REVERSIBLE:
            done = self.with_retries(trial, Action.ROLLBACK)
            if done.error is not None:
                fail(f"{when}: the rollback failed: {with_kind(done.error)}")
        if effects is not Effects.IRREVERSIBLE and (now := self.state()) != before:
            fail(f"{when}: it was not undone: there is {now!r} instead of {before!r}")

    def with_retries(self, trial: Trial, action: Action, rights: Collection[Right] | None = None) -> Attempted:
        """Do it as the runners do: again while it says that it may work then."""
        for _ in range(_TRIES):
            done = trial.act(action, rights=rights)
            if not is_transient(done.error):
                break
        return done

    def rights(self) -> frozenset[Right]:
        """Return the rights of the generated Role: by the rules of the step, and of the steps that it runs with."""
        client = self.world.client
        # The kit's journal is in files: a step that reads Secrets has to say so itself.
        config = replace(self.subject.config, journal=JournalConfig("file"))
        objects = (*objects_of(config, client), *hooks_of(config, client))
        kinds, home = deployed_kinds(client, objects), namespace_of(config, client)
        rights = rights_of(config, (self.spec, *self.subject.others), kinds, home)
        return frozenset((right.group, right.resource, right.verb) for right in rights)
