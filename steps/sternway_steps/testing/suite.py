"""The suite that the tests of a step subclass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ..config import Config
from ..step import Step, StepSpec
from . import declarations, execution, rollback, words
from .lab import Lab
from .limit import Limit
from .trial import Subject
from .world import World, world


@dataclass(frozen=True)
class _SameStep:
    """Returns the same step each time, for a step that is given as an instance."""

    step: Step

    def __call__(self) -> Step:
        return self.step


class StepContract:
    """Subclass it in your tests, name the step and what it changes, and pytest runs the whole suite.

    Attributes:
        step: the class of the step (called without arguments), or an instance.
        options: what the config's `with:` gives it, or a method that gives it for a world.
        others: specs of steps that run in the same pipeline, whose rights this one may use.
        own_process: False where the step's world is a fake inside the test's process; then nothing is killed.
        longest: seconds that one check may take; a step that is slower is named.
        most: of each kind, how many points of its work are tried (journal and cluster, lines of code).

    The step works on a sandbox; a fixture `sternway_kubeconfig` of your own puts it before any other cluster.

    """

    step: ClassVar[Any]
    options: ClassVar[Any] = {}
    others: ClassVar[tuple[StepSpec, ...]] = ()
    own_process: ClassVar[bool] = True
    longest: ClassVar[float] = 300.0
    most: ClassVar[int] = 30

    def prepare(self, world: World) -> None:
        """Put into the world what exists before the step runs."""

    def config(self, world: World) -> Config:
        """Return the run's configuration."""
        return Config(name="test", namespace=world.namespace)

    def state(self, world: World) -> Any:
        """Return everything that the step may change, as a value that can be compared."""
        raise NotImplementedError("define state(self, world): what the undo has to bring back")

    def secrets(self, world: World) -> Mapping[str, str]:  # noqa: ARG002  for those that override it
        """Return what the step must show to nobody, by a name for it; the values of the world's Secrets are anyway."""
        return {}

    @pytest.fixture
    def lab(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
        """Provide the step and its world to the tests of the suite."""
        make: Callable[[], Step] = self.step if isinstance(self.step, type) else _SameStep(self.step)
        spec = getattr(make(), "spec", None)
        cluster = request.getfixturevalue("sternway_kubeconfig") if getattr(spec, "needs_cluster", False) else None
        (tmp_path / "world").mkdir()
        with world(tmp_path / "world", cluster) as prepared:
            self.prepare(prepared)
            options = dict(self.options(prepared) if callable(self.options) else self.options)
            limit = Limit(self.longest)
            subject = Subject(make, self.config(prepared), options, self.others, cluster, tmp_path / "journal", limit)
            yield Lab(subject, prepared, self.state, self.most, self.secrets, self.own_process)

    def test_it_keeps_the_form_of_the_contract(self, lab: Lab) -> None:
        declarations.keeps_the_form(lab)

    def test_it_does_what_it_is_for(self, lab: Lab) -> None:
        execution.does_what_it_is_for(lab)

    def test_it_is_undone_wherever_it_is_cut(self, lab: Lab) -> None:
        execution.is_undone_wherever_it_is_cut(lab)

    def test_it_is_undone_after_a_retry(self, lab: Lab) -> None:
        execution.is_undone_after_a_retry(lab)

    def test_it_stops_when_it_is_asked_to(self, lab: Lab) -> None:
        execution.stops_when_it_is_asked_to(lab)

    def test_it_keeps_its_deadline(self, lab: Lab) -> None:
        execution.keeps_its_deadline(lab)

    def test_it_leaves_standard_output_alone(self, lab: Lab) -> None:
        words.leaves_standard_output_alone(lab)

    def test_it_shows_no_secret(self, lab: Lab) -> None:
        words.shows_no_secret(lab)

    def test_it_fails_in_one_of_four_ways(self, lab: Lab) -> None:
        execution.fails_in_one_of_four_ways(lab)

    def test_it_has_nothing_to_undo_when_nothing_ran(self, lab: Lab) -> None:
        rollback.has_nothing_to_undo_when_nothing_ran(lab)

    def test_it_can_be_rolled_back_twice(self, lab: Lab) -> None:
        rollback.can_be_rolled_back_twice(lab)

    def test_it_can_be_rolled_back_by_two_at_once(self, lab: Lab) -> None:
        rollback.can_be_rolled_back_by_two_at_once(lab)

    def test_a_rollback_is_finished_by_the_next(self, lab: Lab) -> None:
        rollback.is_finished_by_the_next_rollback(lab)

    def test_its_rollback_fails_in_one_of_four_ways(self, lab: Lab) -> None:
        rollback.fails_back_in_one_of_four_ways(lab)

    def test_it_is_undone_by_another_process(self, lab: Lab) -> None:
        rollback.is_undone_by_another_process(lab)

    def test_it_leaves_nothing_if_it_says_so(self, lab: Lab) -> None:
        declarations.leaves_nothing_if_it_says_so(lab)

    def test_it_needs_no_more_rights_than_it_declares(self, lab: Lab) -> None:
        declarations.needs_no_more_rights_than_it_declares(lab)

    def test_it_changes_nothing_when_it_is_asked_beforehand(self, lab: Lab) -> None:
        declarations.changes_nothing_when_it_is_asked_beforehand(lab)
