"""A run, put together once: what it does, where it is recorded, what keeps others away. The rest is handed down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..config import Config
from ..config.selection import require_selections
from ..errors import SternwayError
from ..journal.backends.store import Store
from ..journal.entries import Record
from ..journal.locks.lock import Lock
from ..journal.replay import replay
from ..journal.writer import RunJournal
from ..registry.steps import Specs, with_declared_specs
from ..spec import Action
from ..step import Step
from .left_out import LeftOut
from .location import Location, home_of
from .plan import Plan, PlannedStep, make_plan
from .trust import Concern, Trust

if TYPE_CHECKING:
    from ..kube.client import Client


@dataclass(frozen=True)
class AssembledRun:
    """One run with all that belongs to it. `client` is what its steps are given; the journal has one of its own.

    Both change something only while the target's lock is held, and long enough (see `kube.fence`).
    """

    config: Config
    plan: Plan
    steps: Mapping[str, Step]
    client: Client
    journal: RunJournal
    lock: Lock
    """The target's."""
    trust: Trust = field(default_factory=Trust)
    """What decides whether a command that its configuration has may run: that may be a record's."""

    @property
    def id(self) -> str:
        """The run's id."""
        return self.journal.run

    @property
    def target(self) -> str:
        """What it deploys to."""
        return self.journal.target

    @property
    def store(self) -> Store:
        """Where it is recorded."""
        return self.journal.store

    def concern(self, planned: PlannedStep, action: Action) -> Concern | None:
        """Return what is against running what a step has run for an action."""
        step = self.steps.get(planned.spec.name)
        return self.trust.concern(self.journal.name, planned, step, self.config, action)

    def trusted(self, step: Step, planned: PlannedStep, action: Action) -> Step:
        """Return a step; in place of one whose command may not run, what says so."""
        concern = self.concern(planned, action)
        if concern is None:
            return step
        why = f"its command stands in the journal and was not run: {concern.command} ({concern.why})"
        return LeftOut(step, why, f"look at it, then: sternway rollback {self.journal.name}, which asks")

    def lock_of(self, step: PlannedStep) -> Lock:
        """Return the lock of one step: the target's, in a group the step's part of it."""
        return self.lock.part(step.name) if self.plan.runs_in_parallel(step) else self.lock


@dataclass(frozen=True)
class Assembly:
    """What the runs of one session have in common; `book` is the client of the journal."""

    client: Client
    book: Client
    steps: Mapping[str, Step]

    def new_run(self, config: Config, run: str, at: Location) -> AssembledRun:
        """Put together a run of a configuration; raises Refused with all findings."""
        plan = make_plan(config.steps, Specs(self.steps, config.declared), config.on_end)
        require_selections(config)
        lock = at.store.lock(at.target, config.wait_lock)
        journal = RunJournal(at.store.fenced(lock.fence), run, at.target)
        config = with_declared_specs(self._placed(config, plan, at), self.steps)
        client = self.client.fenced(lock.fence)
        return AssembledRun(config, plan, self.steps, client, journal, lock, Trust(config))

    def _placed(self, config: Config, plan: Plan, at: Location) -> Config:
        """Give the configuration its namespace: what the kubeconfig says now is recorded, and never asked again."""
        if config.namespace or at.home:
            return replace(config, namespace=at.home or config.namespace)
        if not any(step.spec.needs_cluster for step in plan.all_steps):
            return config
        with suppress(SternwayError):  # no cluster is at hand, which its steps will say
            return replace(config, namespace=self.client.namespace)
        return config

    def recorded_run(
        self, store: Store, records: Sequence[Record], config: Config, lock: Lock, trust: Trust
    ) -> AssembledRun:
        """Put together a run from its records, to end it or to undo it; `lock` is the target's, and is held.

        `config` is what the record holds, `trust` decides whether a command of that may run.
        """
        plan = make_plan(config.steps, Specs(self.steps, config.declared), config.on_end)
        journal = RunJournal.of(store.fenced(lock.fence), records)
        if not config.namespace and (home := home_of(replay(records))):
            config = replace(config, namespace=home)
        return AssembledRun(config, plan, self.steps, self.client.fenced(lock.fence), journal, lock, trust)
